/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver over SPDK, against a model of it: what a working library and a sound device show
 * seldom or never. Built with AddressSanitizer: a list that is read past its end fails as well.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "model/spdk_model.h"
#include "support.h"

#define PCI "0000:01:00.0/1"
#define TCP "tcp://127.0.0.1:4420/nqn.test/1"
#define TIMEOUT_US 1000000u
#define OPTIONS "timeout-ms=1000&no-huge=true"
#define DEPTH 4u

static const struct basalt_driver *driver;

/* A device with a queue and a block of memory. */
struct bench {
	struct basalt_device *device;
	struct basalt_queue *queue;
	unsigned char *memory;
};

static struct bench open_bench(const char *target)
{
	struct bench bench;
	uint64_t iova;
	void *memory = NULL;

	model_reset();
	CHECK(driver->open(target, OPTIONS, &bench.device) == 0);
	CHECK(driver->queue_open(bench.device, DEPTH, &bench.queue) == 0);
	CHECK(driver->dma_alloc(bench.device, 8 * MODEL_BLOCK, &memory, &iova) == 0);
	bench.memory = memory;
	return bench;
}

static void close_bench(const struct bench *bench)
{
	driver->queue_close(bench->queue);
	driver->dma_free(bench->device, bench->memory);
	driver->close(bench->device);
	CHECK(model.connections == 0);
}

static struct basalt_command transfer(const struct bench *bench, uint8_t opcode, uint64_t lba,
                                      uint64_t count)
{
	return (struct basalt_command){.tag = lba, .lba = lba, .block_count = count,
	                               .opcode = opcode,
	                               .address = (uint64_t)(uintptr_t)bench->memory};
}

static void submit(struct basalt_queue *queue, struct basalt_command command)
{
	CHECK(driver->queue_submit(queue, &command, 1) == 1);
}

/* Polls until one has completed, while time passes. */
static uint32_t await(struct basalt_queue *queue, uint64_t tag)
{
	struct basalt_completion completion;
	uint32_t polls = 0;

	while (driver->queue_poll(queue, &completion, 1) == 0) {
		CHECK(polls++ < 1000);
		model_pass(10000);
	}
	CHECK(completion.tag == tag);
	return completion.status;
}

static uint32_t run(struct basalt_queue *queue, struct basalt_command command)
{
	submit(queue, command);
	return await(queue, command.tag);
}

/* ---- commands ---- */

static void should_transfer_lists(void)
{
	struct bench bench = open_bench(PCI);
	struct basalt_piece *pieces = calloc(3, sizeof(*pieces));
	struct basalt_command command = transfer(&bench, BASALT_WRITE, 5, 3);

	for (uint32_t i = 0; i < 3; i++) {
		memset(bench.memory + 2 * i * MODEL_BLOCK, (int)(i + 1), MODEL_BLOCK);
		pieces[i].address = (uint64_t)(uintptr_t)(bench.memory + 2 * i * MODEL_BLOCK);
		pieces[i].length_bytes = MODEL_BLOCK;
	}
	command.address = (uint64_t)(uintptr_t)pieces;
	command.piece_count = 3;
	CHECK(run(bench.queue, command) == BASALT_SUCCESS);
	for (uint32_t i = 0; i < 3 * MODEL_BLOCK; i++) {
		CHECK(model.blocks[5 * MODEL_BLOCK + i] == i / MODEL_BLOCK + 1);
	}
	command.opcode = BASALT_COMPARE;
	CHECK(run(bench.queue, command) == BASALT_SUCCESS);
	model.blocks[6 * MODEL_BLOCK] = 9;
	CHECK(run(bench.queue, command) == BASALT_COMPARE_FAILURE);
	free(pieces);
	close_bench(&bench);
}

static void should_refuse_lists_of_another_length(void)
{
	static const uint32_t lengths[][2] = {{MODEL_BLOCK, 0}, {MODEL_BLOCK, 2 * MODEL_BLOCK},
	                                      {2 * MODEL_BLOCK, MODEL_BLOCK}, {UINT32_MAX, 1025}};
	struct bench bench = open_bench(PCI);
	struct basalt_command command = transfer(&bench, BASALT_READ, 0, 2);
	struct basalt_piece *pieces = calloc(2, sizeof(*pieces));

	command.address = (uint64_t)(uintptr_t)pieces;
	command.piece_count = 2;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		for (uint32_t piece = 0; piece < 2; piece++) {
			pieces[piece].address = (uint64_t)(uintptr_t)bench.memory;
			pieces[piece].length_bytes = lengths[i][piece];
		}
		CHECK(run(bench.queue, command) == BASALT_INVALID_FIELD);
	}
	free(pieces);
	close_bench(&bench);
}

static void should_wait_for_memory_of_the_library(void)
{
	struct bench bench = open_bench(PCI);
	struct basalt_command commands[DEPTH];

	for (uint32_t i = 0; i < DEPTH; i++) {
		commands[i] = transfer(&bench, BASALT_READ, i, 1);
	}
	model.room = 2;
	model.is_silent = true; /* room is made only when the first two are aborted */
	CHECK(driver->queue_submit(bench.queue, commands, DEPTH) == 2);
	model.is_silent = false;
	for (uint32_t i = 0; i < 2; i++) {
		CHECK((await(bench.queue, i) & 0x7ffu) == BASALT_STATUS(0, 0x07));
	}
	CHECK(driver->queue_submit(bench.queue, commands + 2, DEPTH - 2) == DEPTH - 2);
	for (uint32_t i = 2; i < DEPTH; i++) {
		CHECK(await(bench.queue, i) == BASALT_SUCCESS);
	}
	model.room = 0; /* and none will ever be made */
	CHECK(run(bench.queue, commands[0]) ==
	      BASALT_WITH_ERRNO(BASALT_INTERNAL_ERROR | BASALT_RETRYABLE, ENOMEM));
	close_bench(&bench);
}

/* ---- devices that do not answer ---- */

static void should_abort_what_is_late(void)
{
	struct bench bench = open_bench(PCI);

	model.is_silent = true;
	CHECK((run(bench.queue, transfer(&bench, BASALT_READ, 1, 1)) & 0x7ffu) ==
	      BASALT_STATUS(0, 0x07));
	CHECK(model.aborts == 1 && !model.is_failed);
	model.is_silent = false;
	CHECK(run(bench.queue, transfer(&bench, BASALT_READ, 1, 1)) == BASALT_SUCCESS);
	close_bench(&bench);
}

/* Whatever a device still has, it may not touch memory that its user has back. */
static void check_memory_is_free(struct bench *bench)
{
	memset(bench->memory, 0x5a, MODEL_BLOCK);
	memset(model.blocks, 0xa5, sizeof(model.blocks));
	model_transfer_late();
	CHECK(model.late_transfers == 0);
	CHECK(bench->memory[0] == 0x5a);
	CHECK(run(bench->queue, transfer(bench, BASALT_READ, 2, 1)) == BASALT_DEVICE_GONE);
	close_bench(bench);
	model_transfer_late();
	CHECK(model.late_transfers == 0);
}

static void should_stop_a_controller_that_is_given_up(bool is_abort_refused)
{
	struct bench bench = open_bench(PCI);
	uint32_t status;

	model.is_silent = true;
	model.is_abort_ignored = true;
	model.is_abort_refused = is_abort_refused;
	status = run(bench.queue, transfer(&bench, BASALT_READ, 1, 1));
	CHECK(status != BASALT_SUCCESS && model.is_failed);
	CHECK(model.aborts == !is_abort_refused);
	CHECK(model.registers.cc.bits.en == 0 && model.registers.csts.bits.rdy == 0);
	check_memory_is_free(&bench);
}

static void should_keep_a_stuck_controller_off_the_bus(void)
{
	struct bench bench = open_bench(PCI);

	model.is_silent = true;
	model.is_stuck = true;
	model.is_abort_refused = true;
	submit(bench.queue, transfer(&bench, BASALT_READ, 1, 1));
	model_pass(TIMEOUT_US);
	model.tick_step = 500000; /* the wait for it is bounded */
	CHECK(await(bench.queue, 1) != BASALT_SUCCESS);
	CHECK(model.registers.csts.bits.rdy == 1 && (model.pci_command & 4) == 0);
	check_memory_is_free(&bench);
}

static void should_stop_a_controller_that_the_library_gave_up(void)
{
	struct bench bench = open_bench(PCI);
	struct basalt_queue *other = NULL;

	CHECK(driver->queue_open(bench.device, DEPTH, &other) == 0);
	model.is_silent = true;
	submit(bench.queue, transfer(&bench, BASALT_READ, 1, 1));
	submit(other, transfer(&bench, BASALT_READ, 3, 1));
	model.is_failed = true;
	CHECK(await(bench.queue, 1) != BASALT_SUCCESS);
	driver->queue_close(other); /* with a command in flight */
	check_memory_is_free(&bench);
}

static void should_stop_a_failed_controller_when_it_is_closed(bool has_queue)
{
	struct bench bench = open_bench(PCI);

	if (!has_queue) {
		driver->queue_close(bench.queue);
	} else {
		model.is_silent = true;
		submit(bench.queue, transfer(&bench, BASALT_READ, 1, 1));
	}
	model.is_failed = true;
	if (has_queue) {
		driver->queue_close(bench.queue);
		model_transfer_late();
		CHECK(model.late_transfers == 0);
	}
	driver->dma_free(bench.device, bench.memory);
	driver->close(bench.device);
	CHECK(model.registers.cc.bits.en == 0);
}

static void should_not_wait_for_one_that_is_unplugged(void)
{
	struct bench bench = open_bench(PCI);

	model.is_silent = true;
	model.is_unplugged = true;
	model.is_abort_refused = true;
	CHECK(run(bench.queue, transfer(&bench, BASALT_READ, 1, 1)) != BASALT_SUCCESS);
	CHECK(model.registers.cc.raw == UINT32_MAX);
	close_bench(&bench);
}

static void should_give_up_what_is_not_on_the_bus(const char *target)
{
	struct bench bench = open_bench(target);

	model.is_silent = true;
	model.is_abort_refused = true;
	CHECK(run(bench.queue, transfer(&bench, BASALT_READ, 1, 1)) != BASALT_SUCCESS);
	CHECK(model.is_failed && model.registers.cc.bits.en == 1);
	close_bench(&bench);
}

static void should_reconnect(void)
{
	struct bench bench = open_bench(TCP);

	model.is_silent = true;
	submit(bench.queue, transfer(&bench, BASALT_READ, 1, 1));
	model.is_silent = false;
	model.is_disconnected = true;
	CHECK((await(bench.queue, 1) & 0x7ffu) == BASALT_STATUS(0, 0x08));
	CHECK(run(bench.queue, transfer(&bench, BASALT_READ, 2, 1)) == BASALT_SUCCESS);
	model.is_disconnected = true;
	model.is_reconnect_refused = true;
	CHECK(run(bench.queue, transfer(&bench, BASALT_READ, 1, 1)) != BASALT_SUCCESS);
	CHECK(run(bench.queue, transfer(&bench, BASALT_READ, 2, 1)) == BASALT_DEVICE_GONE);
	close_bench(&bench);
}

/* ---- targets, and the environment ---- */

static void check_address(const char *target, const char *address)
{
	struct basalt_device *device = NULL;

	model_reset();
	CHECK(driver->open(target, OPTIONS, &device) == 0);
	if (strcmp(model.address, address) != 0) {
		fprintf(stderr, "%s is taken for '%s', needed: '%s'\n", target, model.address, address);
		exit(1);
	}
	driver->close(device);
}

static void should_tell_targets_apart(void)
{
	static const char *const bad[] = {
	        "tcp://", "tcp:///1", "tcp://host", "tcp://host:4420", "tcp://host:4420/1",
	        "tcp://host:/nqn/1", "tcp://host:0/nqn/1", "tcp://host:65536/nqn/1",
	        "tcp://host:44x/nqn/1", "tcp://:4420/nqn/1", "tcp://[]:4420/nqn/1",
	        "tcp://[::1/nqn/1", "tcp://[::1]4420/nqn/1", "tcp://[::1]:/nqn/1",
	        "tcp://::1/nqn/1", "tcp://fe80::2:4420/nqn/1", "tcp://host:4420/nqn/0",
	        "tcp://host:4420/nqn/x", "vfio-user:///1", "0000:01:00.0/"};
	struct basalt_device *device = NULL;

	check_address("0000:01:00.0", "trtype:PCIe traddr:0000:01:00.0");
	check_address("0000:01:00.0/1", "trtype:PCIe traddr:0000:01:00.0");
	check_address("tcp://127.0.0.1:4421/nqn.a:b/1",
	              "trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:4421 subnqn:nqn.a:b");
	check_address("tcp://127.0.0.1/nqn.a:b/1",
	              "trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:4420 subnqn:nqn.a:b");
	check_address("tcp://[::1]:4421/nqn.a:b/1",
	              "trtype:TCP adrfam:IPv6 traddr:::1 trsvcid:4421 subnqn:nqn.a:b");
	check_address("tcp://[fe80::2]/nqn.a:b/1",
	              "trtype:TCP adrfam:IPv6 traddr:fe80::2 trsvcid:4420 subnqn:nqn.a:b");
	check_address("vfio-user:///run/target/nqn.a/1",
	              "trtype:VFIOUSER traddr:/run/target subnqn:nqn.a");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		model_reset();
		if (driver->open(bad[i], OPTIONS, &device) != -EINVAL ||
		    strstr(driver->last_error(), bad[i]) == NULL) {
			fprintf(stderr, "%s is taken for '%s'; %s\n", bad[i], model.address,
			        driver->last_error());
			exit(1);
		}
	}
}

static void on_signal(int number)
{
	(void)number;
}

/* The first that is run: SPDK is started once. */
static void should_start_the_library_unseen(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct basalt_device *device = NULL;
	sigset_t before;
	sigset_t after;

	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&before);
	sigemptyset(&after);
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	model_reset();
	model.start_result = -ENOENT;
	CHECK(driver->open(TCP, OPTIONS, &device) == -ENOENT);
	model_reset();
	CHECK(driver->open(TCP, OPTIONS, &device) == 0);
	for (int i = 1; i < 32; i++) {
		CHECK(i == SIGKILL || i == SIGSTOP || sigismember(&model.start_mask, i) == 1);
	}
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (int i = 1; i < 32; i++) {
		CHECK(sigismember(&before, i) == sigismember(&after, i));
	}
	sigaction(SIGUSR1, NULL, &action);
	CHECK(action.sa_handler == on_signal);
	driver->close(device);
	CHECK(driver->open(TCP, "no-huge=false", &device) == -EBUSY);
	CHECK(driver->open(TCP, "no-huge=true&mem-mb=64", &device) == -EBUSY);
	CHECK(driver->open(TCP, "timeout-ms=0", &device) == -EINVAL);
	CHECK(driver->open(TCP, "memory=64", &device) == -EINVAL);
}

int main(void)
{
	driver = basalt_driver();
	should_start_the_library_unseen();
	should_transfer_lists();
	should_refuse_lists_of_another_length();
	should_wait_for_memory_of_the_library();
	should_abort_what_is_late();
	should_stop_a_controller_that_is_given_up(false);
	should_stop_a_controller_that_is_given_up(true);
	should_keep_a_stuck_controller_off_the_bus();
	should_stop_a_controller_that_the_library_gave_up();
	should_stop_a_failed_controller_when_it_is_closed(true);
	should_stop_a_failed_controller_when_it_is_closed(false);
	should_not_wait_for_one_that_is_unplugged();
	should_give_up_what_is_not_on_the_bus(TCP);
	should_give_up_what_is_not_on_the_bus("vfio-user:///run/target/nqn.a/1");
	should_reconnect();
	should_tell_targets_apart();
	printf("the driver of SPDK, over a model of it: passed\n");
	return 0;
}
