/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface between Basalt and a storage library: what a driver in C has to offer, and nothing
 * that a driver needs in order to be written.
 *
 * A driver is a shared library, libbasalt_NAME.so, that exports one function, basalt_driver(). It
 * returns a table of functions. A driver never calls back into its user, and starts no thread that
 * does: commands are handed over in arrays, a batch with each call, and completions are fetched in
 * arrays.
 *
 * Life of the objects:
 *
 *   basalt_driver() -> table, valid as long as the library is loaded
 *   open()          -> device --- queue_open() -> queue ... queue_close() --- close()
 *                             \-- dma_alloc()  -> memory ... dma_free()  --/
 *
 * All queues and all memory of a device are given back before it is closed.
 *
 * Threads. A queue is used by one thread at a time, which need not be the one that opened it.
 * Different queues are used by different threads without locks. The other functions may be called
 * by any thread, several at a time.
 *
 * Errors. Functions that return an int return 0 or a count when they have succeeded, and otherwise a
 * negated errno value; last_error() then tells more, to the same thread, until its next call.
 * Commands do not fail by return value: they complete, with a status.
 *
 * Numbers are in the byte order of the machine. Structures have the same size and layout on every
 * 64-bit machine: all fields are aligned to their size, and no padding is implied. Fields named
 * "reserved" are 0.
 *
 * Changes that a user or a driver could notice raise BASALT_DRIVER_ABI.
 */
#ifndef BASALT_DRIVER_H
#define BASALT_DRIVER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this interface. */
#define BASALT_DRIVER_ABI 1

/* What a command does. The values are the opcodes of NVMe (NVM Command Set 1.0c, figure 21). */
#define BASALT_FLUSH 0x00       /* make durable what has completed */
#define BASALT_WRITE 0x01       /* memory to blocks */
#define BASALT_READ 0x02        /* blocks to memory */
#define BASALT_COMPARE 0x05     /* fail with SCT 2h, SC 85h where memory and blocks differ */
#define BASALT_WRITE_ZEROES 0x08
#define BASALT_DEALLOCATE 0x09  /* a hint: blocks read as before or as zeroes afterwards */

/* Flags of a command. */
#define BASALT_FORCE_UNIT_ACCESS 1 /* of a write: durable when it completes */

/* Flags of a device. */
#define BASALT_VOLATILE_WRITE_CACHE 1 /* a completed write needs a flush to be durable */
#define BASALT_PINS_MEMORY 2          /* data must lie in memory of dma_alloc() */
#define BASALT_HAS_COMPARE 4          /* BASALT_COMPARE is known */

/*
 * A piece of a scatter list. All pieces but the last are multiples of the block size long.
 */
struct basalt_piece {
	uint64_t address;      /* where in the process it is */
	uint32_t length_bytes; /* above 0 */
	uint32_t reserved;
};

/*
 * A command, 64 bytes: one cache line. The driver does not keep the structure after queue_submit()
 * has returned. Data, and the scatter list, belong to the device until the command has completed.
 */
struct basalt_command {
	uint64_t tag;         /* handed back with the completion; any value */
	uint64_t lba;         /* first block; 0 for a flush */
	uint64_t block_count; /* blocks; 0 for a flush. Transfers: at most transfer_bytes_max in all */
	uint64_t address;     /* data; or, with pieces, struct basalt_piece[piece_count]; else 0 */
	uint32_t piece_count; /* 0: the data is in one piece at "address" */
	uint8_t opcode;       /* BASALT_READ and the like */
	uint8_t flags;        /* BASALT_FORCE_UNIT_ACCESS */
	uint16_t reserved0;
	uint64_t reserved[3];
};

/*
 * How a command ended, 16 bytes.
 *
 *  status:  31        16 15 14  11 10     8 7         0
 *          +------------+--+------+--------+-----------+
 *          |   errno    |R |  0   |  SCT   |    SC     |   0: success
 *          +------------+--+------+--------+-----------+
 *  SCT and SC: status code type and status code of NVMe (Base Specification 2.0c, section
 *  4.6.1.2.1). errno: where the system gave one. R: the same command may succeed next time.
 */
struct basalt_completion {
	uint64_t tag;
	uint32_t status;
	uint32_t reserved;
};

/* What a device is and can do. */
struct basalt_info {
	uint64_t block_count;          /* blocks of the device */
	uint32_t block_bytes;          /* a power of two from 512 */
	uint32_t transfer_bytes_max;   /* of one read, write or compare; a multiple of block_bytes */
	uint32_t atomic_write_bytes;   /* what a power failure never tears; a power of two from 512 */
	uint32_t memory_alignment_bytes; /* of data and pieces; a power of two */
	uint32_t queue_depth_max;      /* commands in flight in one queue, 1 or more */
	uint32_t piece_count_max;      /* pieces of one scatter list; 0: none can be given */
	uint32_t flags;                /* BASALT_VOLATILE_WRITE_CACHE and the like */
	uint32_t reserved;
	char description[216];         /* one line for people, ended by a 0 */
};

struct basalt_device;
struct basalt_queue;

/* The functions of a driver. */
struct basalt_driver {
	/* What the driver was compiled with; a user compares before it calls anything. */
	uint32_t abi_version;      /* BASALT_DRIVER_ABI */
	uint32_t driver_bytes;     /* sizeof(struct basalt_driver) */
	uint32_t command_bytes;    /* sizeof(struct basalt_command) */
	uint32_t completion_bytes; /* sizeof(struct basalt_completion) */
	uint32_t piece_bytes;      /* sizeof(struct basalt_piece) */
	uint32_t info_bytes;       /* sizeof(struct basalt_info) */

	const char *name;    /* of the driver: "ram", "spdk", "xnvme" */
	const char *library; /* name and version of the library beneath, as it is at run time */

	/*
	 * Opens a device.
	 *
	 * target:  which; its form is the driver's business
	 * options: "name=value" separated by '&', or ""; an unknown name is an error (EINVAL)
	 * device:  set to the device
	 *
	 * The first call may initialise the library, for the whole process. Affinity and signal
	 * handlers are afterwards what they were before.
	 */
	int (*open)(const char *target, const char *options, struct basalt_device **device);

	/* Closes a device that has neither queues nor memory any more. */
	void (*close)(struct basalt_device *device);

	/* Describes a device. The same for as long as it is open. */
	void (*info)(struct basalt_device *device, struct basalt_info *info);

	/*
	 * Allocates memory that the device can reach, aligned to 4096 bytes and zeroed.
	 *
	 * bytes:   how much, above 0
	 * address: set to where the process sees it
	 * iova:    set to where the device sees it, or to UINT64_MAX where that is not one range
	 */
	int (*dma_alloc)(struct basalt_device *device, uint64_t bytes, void **address, uint64_t *iova);

	/* Frees memory, after the last command that used it has completed. */
	void (*dma_free)(struct basalt_device *device, void *address);

	/*
	 * Opens a queue.
	 *
	 * depth: the most commands in flight, 1 to queue_depth_max
	 * queue: set to the queue
	 */
	int (*queue_open)(struct basalt_device *device, uint32_t depth, struct basalt_queue **queue);

	/* Closes a queue. Commands in flight are waited for, or known to have ended, before it returns. */
	void (*queue_close)(struct basalt_queue *queue);

	/*
	 * Hands commands over.
	 *
	 * Returns how many were taken, from the first on. Fewer than "count", and 0, when the queue has
	 * no room; a command that cannot be carried out is taken, and completes with an error.
	 */
	int (*queue_submit)(struct basalt_queue *queue, const struct basalt_command *commands,
	                    uint32_t count);

	/*
	 * Fetches completions, in any order; each command has exactly one. Does not wait.
	 *
	 * Returns how many were written to "completions", 0 to "max".
	 */
	int (*queue_poll)(struct basalt_queue *queue, struct basalt_completion *completions,
	                  uint32_t max);

	/* Returns what the calling thread's last failed call found, in words; never null. */
	const char *(*last_error)(void);
};

/* Returns the driver's table. The only symbol that a driver exports. */
const struct basalt_driver *basalt_driver(void);

#ifdef __cplusplus
}
#endif

#endif
