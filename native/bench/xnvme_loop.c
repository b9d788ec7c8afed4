/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What xNVMe does without Basalt: random reads of 4 KiB of a file, the queue kept full. Prints
 * operations, nanoseconds, and nanoseconds of CPU of the whole process.
 *
 *   xnvme-loop FILE ASYNC DEPTH MILLISECONDS
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <libxnvme.h>

#define READ_BYTES 4096u
#define POKES_PER_LOOK 1000u

/* Command contexts whose command has ended. */
static struct xnvme_cmd_ctx *idle[4096];
static uint32_t idle_count;
static uint64_t operations;

static uint64_t nanos(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "xnvme-loop: %s\n", what);
	exit(1);
}

static void on_completion(struct xnvme_cmd_ctx *context, void *argument)
{
	(void)argument;
	if (xnvme_cmd_ctx_cpl_status(context) != 0) {
		fail("a read has failed");
	}
	operations++;
	idle[idle_count++] = context;
}

int main(int count, char **arguments)
{
	struct xnvme_opts options = xnvme_opts_default();
	struct xnvme_queue *queue = NULL;
	struct xnvme_dev *device;
	struct stat status;
	uint64_t random = 88172645463325252u;

	if (count != 5) {
		fail("usage: xnvme-loop FILE ASYNC DEPTH MILLISECONDS");
	}
	const uint32_t depth = (uint32_t)strtoul(arguments[3], NULL, 10);
	const uint64_t length = strtoull(arguments[4], NULL, 10) * 1000000u;

	options.be = "linux";
	options.async = arguments[2];
	options.rdwr = 1;
	options.direct = 1;
	device = xnvme_dev_open(arguments[1], &options);
	if (device == NULL || stat(arguments[1], &status) != 0 || depth == 0 || depth > 2048 ||
	    xnvme_queue_init(device, (uint16_t)(2 * depth), 0, &queue) != 0) {
		fail("the file cannot be opened");
	}
	char *memory = xnvme_buf_alloc(device, (size_t)depth * READ_BYTES);
	const uint64_t places = (uint64_t)status.st_size / READ_BYTES;

	if (memory == NULL || places == 0) {
		fail("no memory, or an empty file");
	}
	for (uint32_t i = 0; i < depth; i++) {
		idle[idle_count++] = xnvme_queue_get_cmd_ctx(queue);
		xnvme_cmd_ctx_set_cb(idle[i], on_completion, memory + (size_t)i * READ_BYTES);
	}
	const uint64_t wall = nanos(CLOCK_MONOTONIC);
	const uint64_t cpu = nanos(CLOCK_PROCESS_CPUTIME_ID);

	while (nanos(CLOCK_MONOTONIC) - wall < length) {
		for (uint32_t poke = 0; poke < POKES_PER_LOOK; poke++) {
			while (idle_count > 0) {
				struct xnvme_cmd_ctx *context = idle[--idle_count];

				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				if (xnvme_file_pread(context, context->async.cb_arg, READ_BYTES,
				                     (off_t)(random % places * READ_BYTES)) != 0) {
					fail("a read is refused");
				}
			}
			if (xnvme_queue_poke(queue, 0) < 0) {
				fail("the queue has failed");
			}
		}
	}
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", operations, nanos(CLOCK_MONOTONIC) - wall,
	       nanos(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	xnvme_queue_drain(queue);
	xnvme_queue_term(queue);
	xnvme_buf_free(device, memory);
	xnvme_dev_close(device);
	return 0;
}
