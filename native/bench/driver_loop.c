/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a driver does without Java: random reads of 4 KiB in batches of the whole depth, each batch
 * waited for. Prints operations, nanoseconds, and nanoseconds of CPU of the whole process.
 *
 *   driver-loop LIBRARY TARGET OPTIONS DEPTH MILLISECONDS
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "basalt_driver.h"

#define READ_BYTES 4096u
#define BATCHES_PER_LOOK 1000u

static uint64_t nanos(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "driver-loop: %s: %s\n", what, why);
	exit(1);
}

/* A function pointer and an object pointer have the same size on every system with dlsym(). */
static const struct basalt_driver *load(const char *library)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	const struct basalt_driver *(*entry)(void) = NULL;

	if (handle == NULL) {
		fail(library, dlerror());
	}
	*(void **)&entry = dlsym(handle, "basalt_driver");
	if (entry == NULL) {
		fail(library, dlerror());
	}
	return entry();
}

int main(int count, char **arguments)
{
	struct basalt_device *device = NULL;
	struct basalt_queue *queue = NULL;
	struct basalt_command *commands;
	struct basalt_completion *completions;
	struct basalt_info info;
	const struct basalt_driver *driver;
	void *memory = NULL;
	uint64_t iova = 0;
	uint64_t operations = 0;
	uint64_t random = 88172645463325252u;

	if (count != 6) {
		fail("usage", "driver-loop LIBRARY TARGET OPTIONS DEPTH MILLISECONDS");
	}
	const uint32_t depth = (uint32_t)strtoul(arguments[4], NULL, 10);
	const uint64_t length = strtoull(arguments[5], NULL, 10) * 1000000u;

	driver = load(arguments[1]);
	commands = calloc(depth, sizeof(*commands));
	completions = calloc(depth, sizeof(*completions));
	if (commands == NULL || completions == NULL ||
	    driver->open(arguments[2], arguments[3], &device) < 0 ||
	    driver->dma_alloc(device, (uint64_t)depth * READ_BYTES, &memory, &iova) < 0 ||
	    driver->queue_open(device, depth, &queue) < 0) {
		fail(arguments[2], driver->last_error());
	}
	driver->info(device, &info);
	const uint32_t blocks = READ_BYTES / info.block_bytes;
	const uint64_t places = info.block_count / blocks;
	const uint64_t wall = nanos(CLOCK_MONOTONIC);
	const uint64_t cpu = nanos(CLOCK_PROCESS_CPUTIME_ID);

	while (nanos(CLOCK_MONOTONIC) - wall < length) {
		for (uint32_t batch = 0; batch < BATCHES_PER_LOOK; batch++) {
			uint32_t submitted = 0;
			uint32_t completed = 0;

			for (uint32_t i = 0; i < depth; i++) {
				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				commands[i].tag = i;
				commands[i].opcode = BASALT_READ;
				commands[i].lba = random % places * blocks;
				commands[i].block_count = blocks;
				commands[i].address = (uint64_t)(uintptr_t)memory + (uint64_t)i * READ_BYTES;
			}
			while (completed < depth) {
				int result = submitted == depth
				                     ? 0
				                     : driver->queue_submit(queue, commands + submitted,
				                                            depth - submitted);

				if (result < 0) {
					fail("submit", driver->last_error());
				}
				submitted += (uint32_t)result;
				result = driver->queue_poll(queue, completions, depth);
				for (int i = 0; i < result; i++) {
					if (completions[i].status != 0) {
						fail("read", "completed with an error");
					}
				}
				completed += result < 0 ? 0 : (uint32_t)result;
			}
			operations += depth;
		}
	}
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", operations, nanos(CLOCK_MONOTONIC) - wall,
	       nanos(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	driver->queue_close(queue);
	driver->dma_free(device, memory);
	driver->close(device);
	free(commands);
	free(completions);
	return 0;
}
