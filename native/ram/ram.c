/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference driver: a device in memory. Needs no library, so the interface and its user are
 * tested wherever there is a C compiler. What it holds is gone when it is closed.
 *
 *   target   its size: 64MiB
 *   block    size of a block in bytes (512)
 *   depth    the most commands in flight of a queue (1024)
 *   delay-us how long a command takes (0); later commands may overtake earlier ones
 *   fail-lba a block that can be neither read nor written
 *   pins     true: data must lie in memory of dma_alloc(), and is looked for there
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <pthread.h>

#include "support.h"

#define TRANSFER_BYTES_MAX (128u << 10)
#define PAGE_BYTES 4096u
#define NO_BLOCK UINT64_MAX
#define PIECES_MAX 1024u

/* Memory of dma_alloc(), in a list. */
struct dma_range {
	struct dma_range *next;
	char *address;
	uint64_t bytes;
};

struct basalt_device {
	char *blocks;
	uint64_t bytes;
	uint64_t delay_nanos;
	uint64_t failing_lba;
	struct basalt_info info;
	pthread_mutex_t lock; /* guards "ranges" */
	struct dma_range *ranges;
};

/* A command that has been carried out, or will be when its time has come. */
struct slot {
	uint64_t tag;
	uint64_t due_nanos;
	uint32_t status;
};

struct basalt_queue {
	struct basalt_device *device;
	uint32_t depth;
	uint32_t count; /* of the slots in use, which are the first ones */
	struct slot slots[];
};

static uint64_t now_nanos(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int read_options(struct basalt_device *device, const char *target, const char *options)
{
	static const char *const names[] = {"block", "depth", "delay-us", "fail-lba", "pins", NULL};
	struct basalt_info *info = &device->info;
	uint64_t block = 0;
	uint64_t depth = 0;
	uint64_t delay = 0;
	bool pins = false;

	if (basalt_check_options(options, names) < 0 ||
	    basalt_parse_size(target, &device->bytes) < 0 ||
	    basalt_number_option(options, "block", 512, &block) < 0 ||
	    basalt_number_option(options, "depth", 1024, &depth) < 0 ||
	    basalt_number_option(options, "delay-us", 0, &delay) < 0 ||
	    basalt_number_option(options, "fail-lba", NO_BLOCK, &device->failing_lba) < 0 ||
	    basalt_flag_option(options, "pins", false, &pins) < 0) {
		return -EINVAL;
	}
	if (block < 512 || block > 4096 || (block & (block - 1)) != 0) {
		return basalt_fail(EINVAL, "block is %llu, needed: 512, 1024, 2048 or 4096",
		                   (unsigned long long)block);
	}
	if (depth < 1 || depth > 65536) {
		return basalt_fail(EINVAL, "depth is %llu, needed: 1 to 65536",
		                   (unsigned long long)depth);
	}
	if (device->bytes % block != 0 || device->bytes > UINT64_MAX >> 16) {
		return basalt_fail(EINVAL, "size is %s, needed: a multiple of a block", target);
	}
	device->delay_nanos = delay * 1000;
	info->block_bytes = (uint32_t)block;
	info->block_count = device->bytes / block;
	info->transfer_bytes_max = TRANSFER_BYTES_MAX;
	info->atomic_write_bytes = (uint32_t)block;
	info->memory_alignment_bytes = 1;
	info->queue_depth_max = (uint32_t)depth;
	info->piece_count_max = PIECES_MAX;
	info->flags = BASALT_HAS_COMPARE | (pins ? BASALT_PINS_MEMORY : 0u);
	snprintf(info->description, sizeof(info->description), "memory of a driver in C, %s", target);
	return 0;
}

static int ram_open(const char *target, const char *options, struct basalt_device **opened)
{
	struct basalt_device *device = calloc(1, sizeof(*device));
	int result;

	if (device == NULL) {
		return basalt_fail(ENOMEM, "no memory");
	}
	result = read_options(device, target, options);
	if (result == 0) {
		device->blocks = mmap(NULL, device->bytes, PROT_READ | PROT_WRITE,
		                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (device->blocks == MAP_FAILED) {
			result = basalt_fail(errno, "no memory for a device of %s", target);
		}
	}
	if (result < 0) {
		free(device);
		return result;
	}
	pthread_mutex_init(&device->lock, NULL);
	*opened = device;
	return 0;
}

static void ram_close(struct basalt_device *device)
{
	munmap(device->blocks, device->bytes);
	pthread_mutex_destroy(&device->lock);
	free(device);
}

static void ram_info(struct basalt_device *device, struct basalt_info *info)
{
	*info = device->info;
}

static int ram_dma_alloc(struct basalt_device *device, uint64_t bytes, void **address,
                         uint64_t *iova)
{
	struct dma_range *range = malloc(sizeof(*range));
	const uint64_t rounded = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);

	if (range == NULL || bytes == 0 || rounded < bytes) {
		free(range);
		return basalt_fail(ENOMEM, "no memory of %llu bytes", (unsigned long long)bytes);
	}
	range->address = mmap(NULL, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (range->address == MAP_FAILED) {
		const int error = errno;

		free(range);
		return basalt_fail(error, "no memory of %llu bytes", (unsigned long long)bytes);
	}
	range->bytes = rounded;
	pthread_mutex_lock(&device->lock);
	range->next = device->ranges;
	device->ranges = range;
	pthread_mutex_unlock(&device->lock);
	*address = range->address;
	*iova = (uint64_t)(uintptr_t)range->address;
	return 0;
}

static void ram_dma_free(struct basalt_device *device, void *address)
{
	struct dma_range **link = &device->ranges;
	struct dma_range *found = NULL;

	pthread_mutex_lock(&device->lock);
	while (*link != NULL && (*link)->address != address) {
		link = &(*link)->next;
	}
	if (*link != NULL) {
		found = *link;
		*link = found->next;
	}
	pthread_mutex_unlock(&device->lock);
	if (found != NULL) {
		munmap(found->address, found->bytes);
		free(found);
	}
}

static bool is_dma(struct basalt_device *device, uint64_t address, uint64_t bytes)
{
	bool is_found = false;

	pthread_mutex_lock(&device->lock);
	for (const struct dma_range *range = device->ranges; range != NULL; range = range->next) {
		const uint64_t start = (uint64_t)(uintptr_t)range->address;

		is_found |= address >= start && bytes <= range->bytes &&
		            address - start <= range->bytes - bytes;
	}
	pthread_mutex_unlock(&device->lock);
	return is_found;
}

static int ram_queue_open(struct basalt_device *device, uint32_t depth, struct basalt_queue **opened)
{
	struct basalt_queue *queue;

	if (depth < 1 || depth > device->info.queue_depth_max) {
		return basalt_fail(EINVAL, "depth is %u, needed: 1 to %u", depth,
		                   device->info.queue_depth_max);
	}
	queue = calloc(1, sizeof(*queue) + depth * sizeof(queue->slots[0]));
	if (queue == NULL) {
		return basalt_fail(ENOMEM, "no memory for a queue of depth %u", depth);
	}
	queue->device = device;
	queue->depth = depth;
	*opened = queue;
	return 0;
}

static void ram_queue_close(struct basalt_queue *queue)
{
	free(queue);
}

/* Moves one piece; returns a status. */
static uint32_t move(struct basalt_device *device, uint8_t opcode, char *blocks, uint64_t address,
                     uint64_t bytes)
{
	void *memory = (void *)(uintptr_t)address;

	if ((device->info.flags & BASALT_PINS_MEMORY) != 0 && !is_dma(device, address, bytes)) {
		return BASALT_INVALID_FIELD;
	}
	switch (opcode) {
	case BASALT_READ:
		memcpy(memory, blocks, bytes);
		return BASALT_SUCCESS;
	case BASALT_WRITE:
		memcpy(blocks, memory, bytes);
		return BASALT_SUCCESS;
	default:
		return memcmp(blocks, memory, bytes) == 0 ? BASALT_SUCCESS : BASALT_COMPARE_FAILURE;
	}
}

static uint32_t transfer(struct basalt_device *device, const struct basalt_command *command)
{
	const struct basalt_piece *pieces = (const struct basalt_piece *)(uintptr_t)command->address;
	const uint64_t bytes = command->block_count * device->info.block_bytes;
	char *blocks = device->blocks + command->lba * device->info.block_bytes;
	uint64_t done = 0;

	if (command->block_count > TRANSFER_BYTES_MAX / device->info.block_bytes ||
	    command->piece_count > PIECES_MAX) {
		return BASALT_INVALID_FIELD;
	}
	if (command->piece_count == 0) {
		return move(device, command->opcode, blocks, command->address, bytes);
	}
	for (uint32_t i = 0; i < command->piece_count; i++) {
		uint32_t status;

		if (pieces[i].length_bytes > bytes - done) {
			return BASALT_INVALID_FIELD;
		}
		status = move(device, command->opcode, blocks + done, pieces[i].address,
		              pieces[i].length_bytes);
		if (status != BASALT_SUCCESS) {
			return status;
		}
		done += pieces[i].length_bytes;
	}
	return done == bytes ? BASALT_SUCCESS : BASALT_INVALID_FIELD;
}

static uint32_t execute(struct basalt_device *device, const struct basalt_command *command)
{
	const uint32_t block_bytes = device->info.block_bytes;

	if (command->opcode == BASALT_FLUSH) {
		return BASALT_SUCCESS;
	}
	if (!basalt_is_in_range(&device->info, command)) {
		return BASALT_LBA_OUT_OF_RANGE;
	}
	if (device->failing_lba >= command->lba &&
	    device->failing_lba - command->lba < command->block_count) {
		const bool is_read = command->opcode == BASALT_READ || command->opcode == BASALT_COMPARE;

		return is_read ? BASALT_UNRECOVERED_READ : BASALT_WRITE_FAULT;
	}
	switch (command->opcode) {
	case BASALT_READ:
	case BASALT_WRITE:
	case BASALT_COMPARE:
		return transfer(device, command);
	case BASALT_WRITE_ZEROES:
	case BASALT_DEALLOCATE:
		memset(device->blocks + command->lba * block_bytes, 0,
		       command->block_count * block_bytes);
		return BASALT_SUCCESS;
	default:
		return BASALT_INVALID_OPCODE;
	}
}

static int ram_queue_submit(struct basalt_queue *queue, const struct basalt_command *commands,
                            uint32_t count)
{
	const uint64_t delay = queue->device->delay_nanos;
	const uint64_t due = delay == 0 ? 0 : now_nanos() + delay;
	uint32_t taken = 0;

	while (taken < count && queue->count < queue->depth) {
		struct slot *slot = &queue->slots[queue->count++];

		slot->tag = commands[taken].tag;
		slot->due_nanos = due;
		/* With a delay memory is read and written now: nobody may use it until then. */
		slot->status = execute(queue->device, &commands[taken]);
		taken++;
	}
	return (int)taken;
}

static int ram_queue_poll(struct basalt_queue *queue, struct basalt_completion *completions,
                          uint32_t max)
{
	const uint64_t now = queue->device->delay_nanos == 0 ? 0 : now_nanos();
	uint32_t delivered = 0;
	uint32_t i = 0;

	while (i < queue->count && delivered < max) {
		struct slot *slot = &queue->slots[i];

		if (slot->due_nanos > now) {
			i++;
			continue;
		}
		completions[delivered].tag = slot->tag;
		completions[delivered].status = slot->status;
		completions[delivered].reserved = 0;
		delivered++;
		*slot = queue->slots[--queue->count]; /* so that others are overtaken */
	}
	return (int)delivered;
}

static const struct basalt_driver driver = {
	BASALT_DRIVER_SIZES,
	.name = "ram",
	.library = "none",
	.open = ram_open,
	.close = ram_close,
	.info = ram_info,
	.dma_alloc = ram_dma_alloc,
	.dma_free = ram_dma_free,
	.queue_open = ram_queue_open,
	.queue_close = ram_queue_close,
	.queue_submit = ram_queue_submit,
	.queue_poll = ram_queue_poll,
	.last_error = basalt_last_error,
};

BASALT_EXPORT const struct basalt_driver *basalt_driver(void)
{
	return &driver;
}
