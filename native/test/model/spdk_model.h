/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of SPDK with one controller, of one namespace, and the faults that a test plants in it.
 *
 * The model tells what the device may do from what the library says has happened: a command that the
 * library has ended can still be with the device, which transfers its data late, as long as it is
 * enabled and may use the bus.
 */
#ifndef BASALT_SPDK_MODEL_H
#define BASALT_SPDK_MODEL_H

#include <signal.h>

#include "spdk/nvme.h"

#define MODEL_BLOCK 512u
#define MODEL_BLOCKS 4096u

struct model {
	/* Set by a test. */
	bool is_silent;          /* commands that are handed over now never complete */
	bool is_abort_ignored;   /* an abort ends no command */
	bool is_abort_refused;   /* none is taken */
	bool is_stuck;           /* ready for ever, whatever CC.EN says */
	bool is_unplugged;       /* registers read as ones */
	bool is_reconnect_refused;
	bool is_disconnected;    /* the next poll finds the connection gone */
	uint32_t room;           /* commands in flight until one is refused for want of memory */
	uint64_t tick_step;      /* ticks that pass with each look at the clock */
	int start_result;        /* of the environment */

	/* Seen by a test. */
	struct spdk_nvme_registers registers;
	uint16_t pci_command;
	bool is_failed;
	uint32_t connections;    /* made and not ended */
	uint32_t aborts;
	uint32_t late_transfers; /* that reached memory, by model_transfer_late() */
	sigset_t start_mask;     /* of the thread that started the environment */
	char address[512];       /* of the last transport id that was parsed */
	unsigned char blocks[MODEL_BLOCKS * MODEL_BLOCK];
};

extern struct model model;

/* As new: no faults, enabled, blocks of zeroes. */
void model_reset(void);

/* Lets time pass. */
void model_pass(uint64_t microseconds);

/* The device gets to the reads that it was given and never completed. */
void model_transfer_late(void);

#endif
