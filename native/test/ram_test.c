/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A million random commands against the reference driver, each compared with a second copy of the
 * blocks; then what must be refused. Built with AddressSanitizer: memory that is lost, or used
 * wrongly, fails the test as well.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "support.h"

#define BLOCK 512u
#define BLOCKS 4096u
#define DEPTH 16u
#define TRANSFER_BLOCKS 16u
#define COMMANDS 1000000u

static const struct basalt_driver *driver;
static unsigned char expected[BLOCKS * BLOCK];

/* What a command in flight is to find or to leave. */
struct flight {
	bool is_used;
	struct basalt_command command;
	struct basalt_piece pieces[2];
	unsigned char *memory;
	unsigned char wanted[TRANSFER_BLOCKS * BLOCK];
};

static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(uint32_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % bound;
}

static bool overlaps(const struct flight *flights, uint64_t lba, uint64_t count)
{
	for (uint32_t i = 0; i < DEPTH; i++) {
		const struct basalt_command *other = &flights[i].command;

		if (flights[i].is_used && lba < other->lba + other->block_count &&
		    other->lba < lba + count) {
			return true;
		}
	}
	return false;
}

/* Makes a command in a free slot; false when its blocks are in use. */
static bool prepare(struct flight *flights, uint32_t slot)
{
	static const uint8_t opcodes[] = {BASALT_READ, BASALT_WRITE, BASALT_COMPARE,
	                                  BASALT_WRITE_ZEROES, BASALT_DEALLOCATE, BASALT_FLUSH};
	struct flight *flight = &flights[slot];
	struct basalt_command *command = &flight->command;
	const uint64_t count = 1 + random_below(TRANSFER_BLOCKS);
	const uint64_t lba = random_below(BLOCKS - TRANSFER_BLOCKS);
	const size_t bytes = count * BLOCK;
	unsigned char *blocks = expected + lba * BLOCK;

	if (overlaps(flights, lba, count)) {
		return false;
	}
	memset(command, 0, sizeof(*command));
	command->tag = slot;
	command->opcode = opcodes[random_below(sizeof(opcodes))];
	if (command->opcode == BASALT_FLUSH) {
		flight->is_used = true;
		return true;
	}
	command->lba = lba;
	command->block_count = count;
	command->address = (uint64_t)(uintptr_t)flight->memory;
	switch (command->opcode) {
	case BASALT_READ:
		memset(flight->memory, 0xa5, bytes);
		memcpy(flight->wanted, blocks, bytes);
		break;
	case BASALT_COMPARE:
		memcpy(flight->memory, blocks, bytes);
		break;
	case BASALT_WRITE:
		for (size_t i = 0; i < bytes; i++) {
			flight->memory[i] = (unsigned char)random_below(256);
		}
		memcpy(blocks, flight->memory, bytes);
		break;
	default:
		command->address = 0;
		memset(blocks, 0, bytes);
	}
	if (command->address != 0 && count > 1 && random_below(2) == 0) {
		const uint32_t first = 1 + random_below((uint32_t)count - 1);

		flight->pieces[0].address = command->address;
		flight->pieces[0].length_bytes = first * BLOCK;
		flight->pieces[1].address = command->address + first * BLOCK;
		flight->pieces[1].length_bytes = (uint32_t)(bytes - first * BLOCK);
		command->address = (uint64_t)(uintptr_t)flight->pieces;
		command->piece_count = 2;
	}
	flight->is_used = true;
	return true;
}

static void verify(struct flight *flight)
{
	if (flight->command.opcode == BASALT_READ) {
		CHECK(memcmp(flight->memory, flight->wanted, flight->command.block_count * BLOCK) == 0);
	}
	flight->is_used = false;
}

static uint32_t poll_all(struct basalt_queue *queue, struct flight *flights)
{
	struct basalt_completion completions[DEPTH];
	const int count = driver->queue_poll(queue, completions, 1 + random_below(DEPTH));

	CHECK(count >= 0);
	for (int i = 0; i < count; i++) {
		CHECK(completions[i].tag < DEPTH && flights[completions[i].tag].is_used);
		CHECK(completions[i].status == BASALT_SUCCESS);
		verify(&flights[completions[i].tag]);
	}
	return (uint32_t)count;
}

static void run_random_commands(const char *options)
{
	struct flight *flights = calloc(DEPTH, sizeof(*flights));
	struct basalt_device *device = NULL;
	struct basalt_queue *queue = NULL;
	void *memory = NULL;
	uint64_t iova = 0;
	uint32_t done = 0;

	CHECK(flights != NULL);
	memset(expected, 0, sizeof(expected));
	CHECK(driver->open("2MiB", options, &device) == 0);
	CHECK(driver->dma_alloc(device, DEPTH * TRANSFER_BLOCKS * BLOCK, &memory, &iova) == 0);
	CHECK(driver->queue_open(device, DEPTH, &queue) == 0);
	for (uint32_t i = 0; i < DEPTH; i++) {
		flights[i].memory = (unsigned char *)memory + i * TRANSFER_BLOCKS * BLOCK;
	}
	while (done < COMMANDS) {
		struct basalt_command batch[DEPTH];
		uint32_t count = 0;

		for (uint32_t slot = 0; slot < DEPTH; slot++) {
			if (!flights[slot].is_used && prepare(flights, slot)) {
				batch[count++] = flights[slot].command;
			}
		}
		CHECK(driver->queue_submit(queue, batch, count) == (int)count);
		done += poll_all(queue, flights);
	}
	driver->queue_close(queue);
	driver->dma_free(device, memory);
	driver->close(device);
	free(flights);
}

static uint32_t run_one(struct basalt_queue *queue, struct basalt_command command)
{
	struct basalt_completion completion;

	CHECK(driver->queue_submit(queue, &command, 1) == 1);
	while (driver->queue_poll(queue, &completion, 1) == 0) {
	}
	CHECK(completion.tag == command.tag);
	return completion.status;
}

static void check_refusals(void)
{
	struct basalt_device *device = NULL;
	struct basalt_queue *queue = NULL;
	struct basalt_completion completion;
	unsigned char memory[BLOCK] = {0};
	struct basalt_command command = {.tag = 7, .lba = 4, .block_count = 1, .opcode = BASALT_READ,
	                                 .address = (uint64_t)(uintptr_t)memory};

	CHECK(driver->open("", "", &device) == -EINVAL);
	CHECK(driver->open("7EiB", "", &device) == -EINVAL);
	CHECK(driver->open("1MiB", "blocks=512", &device) == -EINVAL);
	CHECK(strcmp(driver->last_error(), "option 'blocks' is unknown") == 0);
	CHECK(driver->open("1MiB", "block=513", &device) == -EINVAL);
	CHECK(driver->open("1MiB", "delay-us=x", &device) == -EINVAL);
	CHECK(driver->open("1MiB", "pins=1", &device) == -EINVAL);

	CHECK(driver->open("1MiB", "block=512&depth=2&fail-lba=9", &device) == 0);
	CHECK(driver->queue_open(device, 3, &queue) == -EINVAL);
	CHECK(driver->queue_open(device, 2, &queue) == 0);
	CHECK(run_one(queue, command) == BASALT_SUCCESS);
	command.lba = 2048;
	CHECK(run_one(queue, command) == BASALT_LBA_OUT_OF_RANGE);
	command.lba = UINT64_MAX;
	CHECK(run_one(queue, command) == BASALT_LBA_OUT_OF_RANGE);
	command.lba = 9;
	CHECK(run_one(queue, command) == BASALT_UNRECOVERED_READ);
	command.opcode = BASALT_WRITE;
	CHECK(run_one(queue, command) == BASALT_WRITE_FAULT);
	command.lba = 3;
	CHECK(run_one(queue, command) == BASALT_SUCCESS);
	memory[17] = 1;
	command.opcode = BASALT_COMPARE;
	CHECK(run_one(queue, command) == BASALT_COMPARE_FAILURE);
	command.opcode = 0x7f;
	CHECK(run_one(queue, command) == BASALT_INVALID_OPCODE);
	command.opcode = BASALT_READ;
	command.lba = 100;
	command.block_count = 1 + (128u << 10) / BLOCK;
	CHECK(run_one(queue, command) == BASALT_INVALID_FIELD);

	command.block_count = 1;
	for (int i = 0; i < 3; i++) {
		CHECK(driver->queue_submit(queue, &command, 1) == (i < 2));
	}
	CHECK(driver->queue_poll(queue, &completion, 1) == 1);
	driver->queue_close(queue); /* with a command in flight */
	driver->close(device);
}

int main(void)
{
	driver = basalt_driver();
	CHECK(driver->abi_version == BASALT_DRIVER_ABI);
	run_random_commands("");
	run_random_commands("pins=true&delay-us=1");
	check_refusals();
	printf("%u random commands, twice, and what must be refused: passed\n", COMMANDS);
	return 0;
}
