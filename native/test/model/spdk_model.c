/* SPDX-License-Identifier: Apache-2.0 */
/* See spdk_model.h. One lock for everything: a driver's admin thread polls beside the test. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spdk_model.h"

#define COMMANDS 256u
#define PIECES 1024u
#define TICKS_PER_SECOND 1000000u
#define DISABLE_TICKS 1000u /* from CC.EN = 0 to CSTS.RDY = 0 */
#define PCI_COMMAND 4u
#define PCI_BUS_MASTER 4u
#define ABORTED_BY_REQUEST 0x07
#define ABORTED_WITH_QUEUE 0x08
#define MEDIA_ERROR 2
#define COMPARE_FAILED 0x85

enum kind { READ, WRITE, COMPARE, ZERO, NOTHING };

struct piece {
	unsigned char *address;
	uint32_t bytes;
};

enum state { FREE, GIVEN, ENDED_BY_LIBRARY }; /* the last: but the device still has it */

struct command {
	enum state state;
	enum kind kind;
	struct spdk_nvme_qpair *pair;
	spdk_nvme_cmd_cb callback;
	void *argument;
	uint64_t lba;
	uint64_t since;
	uint32_t count;
	uint32_t piece_count;
	struct piece *pieces;
	bool is_silent;
	bool is_late;
	bool is_aborted;
};

struct spdk_nvme_ctrlr {
	struct spdk_nvme_transport_id id;
	spdk_nvme_timeout_cb on_timeout;
	void *argument;
	uint64_t timeout;
};

struct spdk_nvme_qpair {
	uint32_t depth;
};

struct spdk_nvme_ns {
	struct spdk_nvme_ns_data data;
};

struct model model;

static pthread_mutex_t lock;
static pthread_once_t lock_made = PTHREAD_ONCE_INIT;
static struct command commands[COMMANDS];
static struct spdk_nvme_ctrlr controller;
static struct spdk_nvme_ns namespace = {.data = {.nsfeat = {1}, .nawupf = UINT16_MAX}};
static const struct spdk_nvme_ctrlr_data controller_data = {
        .sn = "1", .mn = "MODEL", .fr = "1", .vwc = {1}};
static uint64_t ticks;
static uint64_t disable_tick; /* when CC.EN was seen to be 0, or 0 */

static void make_lock(void)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

static void enter(void)
{
	pthread_once(&lock_made, make_lock);
	pthread_mutex_lock(&lock);
}

static void leave(void)
{
	pthread_mutex_unlock(&lock);
}

static void release(struct command *command)
{
	free(command->pieces);
	memset(command, 0, sizeof(*command));
}

void model_reset(void)
{
	enter();
	for (uint32_t i = 0; i < COMMANDS; i++) {
		release(&commands[i]);
	}
	memset(&model, 0, sizeof(model));
	model.room = COMMANDS;
	model.tick_step = 1;
	leave();
}

/* What the device does by itself as time passes. */
static void step(void)
{
	if (model.is_unplugged) {
		memset(&model.registers, 0xff, sizeof(model.registers));
	} else if (model.registers.cc.bits.en != 0) {
		disable_tick = 0;
	} else if (disable_tick == 0) {
		disable_tick = ticks;
	} else if (!model.is_stuck && ticks >= disable_tick + DISABLE_TICKS) {
		model.registers.csts.bits.rdy = 0;
	}
}

void model_pass(uint64_t microseconds)
{
	enter();
	ticks += microseconds;
	step();
	leave();
}

/* ---- commands ---- */

/* Copies between memory and blocks; tells whether a comparison found them equal. */
static bool transfer(const struct command *command)
{
	unsigned char *block = model.blocks + command->lba * MODEL_BLOCK;
	bool is_equal = true;

	if (command->kind == ZERO) {
		memset(block, 0, (size_t)command->count * MODEL_BLOCK);
	}
	for (uint32_t i = 0; i < command->piece_count; i++) {
		const struct piece *piece = &command->pieces[i];

		switch (command->kind) {
		case READ:
			memcpy(piece->address, block, piece->bytes);
			break;
		case WRITE:
			memcpy(block, piece->address, piece->bytes);
			break;
		default:
			is_equal = is_equal && memcmp(block, piece->address, piece->bytes) == 0;
		}
		block += piece->bytes;
	}
	return is_equal;
}

static void end(struct command *command, uint16_t sct, uint16_t sc, enum state state)
{
	const struct spdk_nvme_cpl completion = {
	        .status = {.sct = sct & 7, .sc = sc & 0xff, .dnr = sct == MEDIA_ERROR}};
	const spdk_nvme_cmd_cb callback = command->callback;
	void *argument = command->argument;

	if (state == FREE) {
		release(command);
	} else {
		command->state = state;
	}
	callback(argument, &completion); /* may hand over another one */
}

/* The library ends what a queue pair has in flight. */
static void end_all(const struct spdk_nvme_qpair *pair)
{
	for (uint32_t i = 0; i < COMMANDS; i++) {
		struct command *command = &commands[i];

		if (command->state == GIVEN && command->pair == pair) {
			end(command, 0, ABORTED_WITH_QUEUE, command->is_silent ? ENDED_BY_LIBRARY : FREE);
		}
	}
}

void model_transfer_late(void)
{
	enter();
	step();
	for (uint32_t i = 0; i < COMMANDS; i++) {
		if (commands[i].state == ENDED_BY_LIBRARY && commands[i].kind == READ &&
		    model.registers.csts.bits.rdy != 0 && (model.pci_command & PCI_BUS_MASTER) != 0) {
			transfer(&commands[i]);
			model.late_transfers++;
		}
	}
	leave();
}

static struct command *add(enum kind kind, struct spdk_nvme_qpair *pair, uint64_t lba,
                           uint32_t count, spdk_nvme_cmd_cb callback, void *argument)
{
	struct command *found = NULL;
	uint32_t given = 0;

	for (uint32_t i = 0; i < COMMANDS; i++) {
		given += commands[i].state == GIVEN;
		found = found == NULL && commands[i].state == FREE ? &commands[i] : found;
	}
	if (given >= model.room || found == NULL) {
		return NULL;
	}
	*found = (struct command){.state = GIVEN, .kind = kind, .pair = pair, .callback = callback,
	                          .argument = argument, .lba = lba, .count = count, .since = ticks,
	                          .is_silent = model.is_silent};
	return found;
}

static void add_piece(struct command *command, void *address, uint32_t bytes)
{
	command->pieces =
	        realloc(command->pieces, (command->piece_count + 1) * sizeof(*command->pieces));
	command->pieces[command->piece_count++] = (struct piece){address, bytes};
}

static int give(enum kind kind, struct spdk_nvme_qpair *pair, void *data, uint64_t lba,
                uint32_t count, spdk_nvme_cmd_cb callback, void *argument)
{
	struct command *command;
	int result = -ENXIO;

	enter();
	if (!model.is_failed) {
		command = add(kind, pair, lba, count, callback, argument);
		if (command != NULL && data != NULL) {
			add_piece(command, data, count * MODEL_BLOCK);
		}
		result = command == NULL ? -ENOMEM : 0;
	}
	leave();
	return result;
}

/* As the library does: asks for pieces until it has all bytes. */
static int give_pieces(enum kind kind, struct spdk_nvme_qpair *pair, uint64_t lba, uint32_t count,
                       spdk_nvme_cmd_cb callback, void *argument,
                       spdk_nvme_req_reset_sgl_cb reset, spdk_nvme_req_next_sge_cb next)
{
	uint64_t left = (uint64_t)count * MODEL_BLOCK;
	struct command *command;
	int result = -ENXIO;

	enter();
	command = model.is_failed ? NULL : add(kind, pair, lba, count, callback, argument);
	if (command != NULL) {
		reset(argument, 0);
		while (left > 0) {
			void *address;
			uint32_t bytes;

			next(argument, &address, &bytes);
			bytes = bytes > left ? (uint32_t)left : bytes;
			add_piece(command, address, bytes);
			left -= bytes;
		}
		result = 0;
	} else if (!model.is_failed) {
		result = -ENOMEM;
	}
	leave();
	return result;
}

int32_t spdk_nvme_qpair_process_completions(struct spdk_nvme_qpair *pair, uint32_t max)
{
	int32_t count = 0;

	enter();
	step();
	if (model.is_failed || model.is_disconnected) {
		leave();
		return -ENXIO;
	}
	for (uint32_t i = 0; i < COMMANDS && (max == 0 || count < (int32_t)max); i++) {
		struct command *command = &commands[i];

		if (command->state != GIVEN || command->pair != pair) {
			continue;
		}
		if (command->is_aborted) {
			end(command, 0, ABORTED_BY_REQUEST, FREE);
			count++;
		} else if (!command->is_silent) {
			const bool is_equal = transfer(command) || command->kind != COMPARE;

			end(command, is_equal ? 0 : MEDIA_ERROR, is_equal ? 0 : COMPARE_FAILED, FREE);
			count++;
		} else if (!command->is_late && ticks >= command->since + controller.timeout) {
			command->is_late = true;
			controller.on_timeout(controller.argument, &controller, pair, (uint16_t)i);
		}
	}
	leave();
	return count;
}

int spdk_nvme_ns_cmd_read(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, void *data,
                          uint64_t lba, uint32_t count, spdk_nvme_cmd_cb callback, void *argument,
                          uint32_t flags)
{
	(void)ns;
	(void)flags;
	return give(READ, pair, data, lba, count, callback, argument);
}

int spdk_nvme_ns_cmd_write(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, void *data,
                           uint64_t lba, uint32_t count, spdk_nvme_cmd_cb callback, void *argument,
                           uint32_t flags)
{
	(void)ns;
	(void)flags;
	return give(WRITE, pair, data, lba, count, callback, argument);
}

int spdk_nvme_ns_cmd_compare(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, void *data,
                             uint64_t lba, uint32_t count, spdk_nvme_cmd_cb callback,
                             void *argument, uint32_t flags)
{
	(void)ns;
	(void)flags;
	return give(COMPARE, pair, data, lba, count, callback, argument);
}

int spdk_nvme_ns_cmd_readv(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, uint64_t lba,
                           uint32_t count, spdk_nvme_cmd_cb callback, void *argument,
                           uint32_t flags, spdk_nvme_req_reset_sgl_cb reset,
                           spdk_nvme_req_next_sge_cb next)
{
	(void)ns;
	(void)flags;
	return give_pieces(READ, pair, lba, count, callback, argument, reset, next);
}

int spdk_nvme_ns_cmd_writev(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, uint64_t lba,
                            uint32_t count, spdk_nvme_cmd_cb callback, void *argument,
                            uint32_t flags, spdk_nvme_req_reset_sgl_cb reset,
                            spdk_nvme_req_next_sge_cb next)
{
	(void)ns;
	(void)flags;
	return give_pieces(WRITE, pair, lba, count, callback, argument, reset, next);
}

int spdk_nvme_ns_cmd_comparev(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, uint64_t lba,
                              uint32_t count, spdk_nvme_cmd_cb callback, void *argument,
                              uint32_t flags, spdk_nvme_req_reset_sgl_cb reset,
                              spdk_nvme_req_next_sge_cb next)
{
	(void)ns;
	(void)flags;
	return give_pieces(COMPARE, pair, lba, count, callback, argument, reset, next);
}

int spdk_nvme_ns_cmd_flush(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair,
                           spdk_nvme_cmd_cb callback, void *argument)
{
	(void)ns;
	return give(NOTHING, pair, NULL, 0, 0, callback, argument);
}

int spdk_nvme_ns_cmd_write_zeroes(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair,
                                  uint64_t lba, uint32_t count, spdk_nvme_cmd_cb callback,
                                  void *argument, uint32_t flags)
{
	(void)ns;
	(void)flags;
	return give(ZERO, pair, NULL, lba, count, callback, argument);
}

int spdk_nvme_ns_cmd_dataset_management(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair,
                                        uint32_t type, const struct spdk_nvme_dsm_range *ranges,
                                        uint16_t count, spdk_nvme_cmd_cb callback,
                                        void *argument)
{
	(void)ns;
	(void)type;
	(void)ranges;
	(void)count;
	return give(NOTHING, pair, NULL, 0, 0, callback, argument);
}

/* ---- queue pairs ---- */

void spdk_nvme_ctrlr_get_default_io_qpair_opts(struct spdk_nvme_ctrlr *handle,
                                               struct spdk_nvme_io_qpair_opts *options,
                                               size_t bytes)
{
	(void)handle;
	memset(options, 0, bytes);
}

struct spdk_nvme_qpair *
spdk_nvme_ctrlr_alloc_io_qpair(struct spdk_nvme_ctrlr *handle,
                               const struct spdk_nvme_io_qpair_opts *options, size_t bytes)
{
	struct spdk_nvme_qpair *pair = calloc(1, sizeof(*pair));

	(void)handle;
	(void)bytes;
	pair->depth = options->io_queue_size;
	return pair;
}

int spdk_nvme_ctrlr_free_io_qpair(struct spdk_nvme_qpair *pair)
{
	enter();
	end_all(pair);
	leave();
	free(pair);
	return 0;
}

void spdk_nvme_ctrlr_disconnect_io_qpair(struct spdk_nvme_qpair *pair)
{
	enter();
	if (!model.is_failed) { /* else they are left for the end of the queue pair */
		end_all(pair);
	}
	leave();
}

int spdk_nvme_ctrlr_reconnect_io_qpair(struct spdk_nvme_qpair *pair)
{
	int result;

	(void)pair;
	enter();
	result = model.is_reconnect_refused ? -ENXIO : 0;
	model.is_disconnected = result != 0;
	leave();
	return result;
}

/* ---- the controller ---- */

int spdk_nvme_transport_id_parse(struct spdk_nvme_transport_id *id, const char *text)
{
	static const char *const names[] = {"PCIe", "TCP", "VFIOUSER"};

	snprintf(model.address, sizeof(model.address), "%s", text);
	for (int i = 0; i < 3; i++) {
		if (strncmp(text + strlen("trtype:"), names[i], strlen(names[i])) == 0) {
			id->trtype = (enum spdk_nvme_transport_type)i;
			snprintf(id->trstring, sizeof(id->trstring), "%s", names[i]);
			return 0;
		}
	}
	return -EINVAL;
}

bool spdk_nvme_transport_available_by_name(const char *name)
{
	return name[0] != '\0';
}

struct spdk_nvme_ctrlr *spdk_nvme_connect(const struct spdk_nvme_transport_id *id,
                                          const struct spdk_nvme_ctrlr_opts *options,
                                          size_t options_bytes)
{
	(void)options;
	(void)options_bytes;
	enter();
	if (model.connections++ == 0) {
		controller.id = *id;
		model.registers.cap.bits.mqes = 1023;
		model.registers.cc.bits.en = 1;
		model.registers.csts.bits.rdy = 1;
		model.pci_command |= PCI_BUS_MASTER;
	}
	leave();
	return &controller;
}

int spdk_nvme_detach(struct spdk_nvme_ctrlr *handle)
{
	(void)handle;
	enter();
	if (--model.connections == 0 && !model.is_failed) { /* one that has failed is left as it is */
		model.registers.cc.bits.en = 0;
		model.registers.csts.bits.rdy = 0;
	}
	leave();
	return 0;
}

void spdk_nvme_ctrlr_fail(struct spdk_nvme_ctrlr *handle)
{
	(void)handle;
	enter();
	model.is_failed = true;
	leave();
}

bool spdk_nvme_ctrlr_is_failed(struct spdk_nvme_ctrlr *handle)
{
	bool is_failed;

	(void)handle;
	enter();
	is_failed = model.is_failed;
	leave();
	return is_failed;
}

void spdk_nvme_ctrlr_register_timeout_callback(struct spdk_nvme_ctrlr *handle, uint64_t io_us,
                                               uint64_t admin_us, spdk_nvme_timeout_cb callback,
                                               void *argument)
{
	(void)admin_us;
	enter();
	handle->timeout = io_us;
	handle->on_timeout = callback;
	handle->argument = argument;
	leave();
}

int32_t spdk_nvme_ctrlr_process_admin_completions(struct spdk_nvme_ctrlr *handle)
{
	(void)handle;
	return 0;
}

int spdk_nvme_ctrlr_cmd_abort(struct spdk_nvme_ctrlr *handle, struct spdk_nvme_qpair *pair,
                              uint16_t command_id, spdk_nvme_cmd_cb callback, void *argument)
{
	const struct spdk_nvme_cpl completion = {0};
	bool is_refused;

	(void)handle;
	(void)pair;
	enter();
	is_refused = model.is_abort_refused;
	if (!is_refused) {
		model.aborts++;
		commands[command_id].is_aborted = !model.is_abort_ignored;
		callback(argument, &completion);
	}
	leave();
	return is_refused ? -ENOMEM : 0;
}

const struct spdk_nvme_ctrlr_data *spdk_nvme_ctrlr_get_data(struct spdk_nvme_ctrlr *handle)
{
	(void)handle;
	return &controller_data;
}

union spdk_nvme_cap_register spdk_nvme_ctrlr_get_regs_cap(struct spdk_nvme_ctrlr *handle)
{
	(void)handle;
	return model.registers.cap;
}

volatile struct spdk_nvme_registers *spdk_nvme_ctrlr_get_registers(struct spdk_nvme_ctrlr *handle)
{
	/* Over TCP there are none, and those of vfio-user are behind a socket: a trap. */
	return handle->id.trtype == SPDK_NVME_TRANSPORT_PCIE ? &model.registers : NULL;
}

struct spdk_pci_device *spdk_nvme_ctrlr_get_pci_device(struct spdk_nvme_ctrlr *handle)
{
	return handle->id.trtype == SPDK_NVME_TRANSPORT_PCIE
	               ? (struct spdk_pci_device *)&model.pci_command
	               : NULL;
}

int spdk_pci_device_cfg_read16(struct spdk_pci_device *device, uint16_t *value, uint32_t offset)
{
	(void)device;
	enter();
	*value = model.is_unplugged || offset != PCI_COMMAND ? UINT16_MAX : model.pci_command;
	leave();
	return 0;
}

int spdk_pci_device_cfg_write16(struct spdk_pci_device *device, uint16_t value, uint32_t offset)
{
	(void)device;
	enter();
	if (!model.is_unplugged && offset == PCI_COMMAND) {
		model.pci_command = value;
	}
	leave();
	return 0;
}

/* ---- the namespace ---- */

struct spdk_nvme_ns *spdk_nvme_ctrlr_get_ns(struct spdk_nvme_ctrlr *handle, uint32_t id)
{
	(void)handle;
	return id == 1 ? &namespace : NULL;
}

uint32_t spdk_nvme_ctrlr_get_first_active_ns(struct spdk_nvme_ctrlr *handle)
{
	(void)handle;
	return 1;
}

bool spdk_nvme_ns_is_active(struct spdk_nvme_ns *ns)
{
	return ns == &namespace;
}

enum spdk_nvme_csi spdk_nvme_ns_get_csi(const struct spdk_nvme_ns *ns)
{
	(void)ns;
	return SPDK_NVME_CSI_NVM;
}

uint32_t spdk_nvme_ns_get_md_size(struct spdk_nvme_ns *ns)
{
	(void)ns;
	return 0;
}

uint32_t spdk_nvme_ns_get_sector_size(struct spdk_nvme_ns *ns)
{
	(void)ns;
	return MODEL_BLOCK;
}

uint32_t spdk_nvme_ns_get_flags(struct spdk_nvme_ns *ns)
{
	(void)ns;
	return SPDK_NVME_NS_DEALLOCATE_SUPPORTED | SPDK_NVME_NS_WRITE_ZEROES_SUPPORTED |
	       SPDK_NVME_NS_COMPARE_SUPPORTED;
}

uint64_t spdk_nvme_ns_get_num_sectors(struct spdk_nvme_ns *ns)
{
	(void)ns;
	return MODEL_BLOCKS;
}

const struct spdk_nvme_ns_data *spdk_nvme_ns_get_data(struct spdk_nvme_ns *ns)
{
	return &ns->data;
}

uint32_t spdk_nvme_ns_get_max_io_xfer_size(struct spdk_nvme_ns *ns)
{
	(void)ns;
	return 131072;
}

uint32_t spdk_nvme_ns_get_optimal_io_boundary(struct spdk_nvme_ns *ns)
{
	(void)ns;
	return 0;
}

/* ---- the environment ---- */

void spdk_env_opts_init(struct spdk_env_opts *options)
{
	(void)options;
}

int spdk_env_init(const struct spdk_env_opts *options)
{
	(void)options;
	pthread_sigmask(SIG_BLOCK, NULL, &model.start_mask);
	signal(SIGUSR1, SIG_IGN); /* the real one leaves a handler as well */
	return model.start_result;
}

void spdk_log_set_print_level(enum spdk_log_level level)
{
	(void)level;
}

uint64_t spdk_get_ticks(void)
{
	uint64_t now;

	enter();
	ticks += model.tick_step;
	step();
	now = ticks;
	leave();
	return now;
}

uint64_t spdk_get_ticks_hz(void)
{
	return TICKS_PER_SECOND;
}

void *spdk_zmalloc(size_t bytes, size_t alignment, uint64_t *iova, int node, uint32_t flags)
{
	void *memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);

	(void)iova;
	(void)node;
	(void)flags;
	memset(memory, 0, bytes);
	return memory;
}

void spdk_free(void *memory)
{
	free(memory);
}
