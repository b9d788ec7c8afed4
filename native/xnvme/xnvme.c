/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files, block devices and NVMe namespaces through xNVMe. Targets are what xNVMe opens: a path, or
 * for its SPDK back end a PCI address.
 *
 *   be      how commands are carried out: io_uring (of files and block devices), io_uring_cmd (of
 *           /dev/ngXnY), libaio, posix, thrpool, emu, spdk, or the name of another back end of xNVMe
 *   create  true: a file that is missing is made
 *   size    a file is made at least so large
 *   nsid    namespace, for back ends that open a controller
 *
 * Queues of xNVMe on files and block devices carry out reads and writes only. Everything else is
 * done by a thread of the queue, with a descriptor of its own (fdatasync(2), fallocate(2)), so that
 * the queue's user does not wait. Namespaces by themselves take all commands.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/falloc.h>

#include <libxnvme.h>

#include "support.h"

#define TRANSFER_BYTES_MAX (128u << 10)
#define QUEUE_DEPTH_MAX 1023u
#define BLOCK_BYTES_OF_FILES 4096u
#define ZEROED_BLOCKS_MAX 65536u
#define DEALLOCATED_BLOCKS_MAX UINT32_MAX
#define ZEROES_BYTES (64u << 10)
#define VENDOR_SPECIFIC 7 /* the type of statuses that are error numbers */
#define ABORT_REQUESTED BASALT_STATUS(0, 0x07)
#define UNWRITTEN_BLOCK BASALT_STATUS(2, 0x87)

struct basalt_device {
	struct xnvme_dev *handle;
	struct basalt_info info;
	uint32_t nsid;
	bool is_file;      /* offsets in bytes, not blocks */
	int fd;            /* for what xNVMe's queues do not carry out; -1 where they do */
	int claims[2];     /* keep others out; -1 for none */
};

/* A command in flight. */
struct slot {
	struct basalt_queue *queue;
	struct slot *next; /* in one of the lists of the queue */
	struct basalt_command command;
	uint64_t lba;
	uint64_t left;
	uint64_t expected_bytes;
	uint32_t status;
	struct xnvme_spec_dsm_range range;
};

/* First in, first out. */
struct list {
	struct slot *first;
	struct slot **last;
};

struct basalt_queue {
	struct basalt_device *device;
	struct xnvme_queue *handle;
	struct slot *slots;
	struct slot *free;
	struct list ended;     /* to be delivered */
	struct list unfinished; /* of which a next part is to be handed over */
	uint32_t in_flight;    /* with xNVMe */
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t has_work;
	struct list waiting; /* for the thread */
	struct list done;    /* by the thread */
	uint32_t done_count; /* atomic: looked at without the lock */
	bool is_ending;
};

static void add(struct list *list, struct slot *slot)
{
	slot->next = NULL;
	*list->last = slot;
	list->last = &slot->next;
}

static struct slot *take(struct list *list)
{
	struct slot *slot = list->first;

	if (slot != NULL) {
		list->first = slot->next;
		if (list->first == NULL) {
			list->last = &list->first;
		}
	}
	return slot;
}

static void clear(struct list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static uint32_t status_of_errno(int error, uint8_t opcode)
{
	uint32_t status;

	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		status = BASALT_CAPACITY_EXCEEDED;
		break;
	case ECANCELED:
	case EINTR:
		status = ABORT_REQUESTED;
		break;
	case EAGAIN:
	case ENOMEM:
	case EBUSY:
		status = BASALT_INTERNAL_ERROR | BASALT_RETRYABLE;
		break;
	case EIO:
	case ENODATA:
		status = opcode == BASALT_READ || opcode == BASALT_COMPARE ? BASALT_UNRECOVERED_READ
		                                                           : BASALT_WRITE_FAULT;
		break;
	default:
		status = BASALT_INTERNAL_ERROR;
	}
	return BASALT_WITH_ERRNO(status, error);
}

/* ---- devices ---- */

static void choose_backend(struct xnvme_opts *xnvme, const char *backend)
{
	static const char *const asynchronous[] = {"io_uring", "libaio", "posix", "thrpool", "emu"};

	if (strcmp(backend, "io_uring_cmd") == 0) {
		xnvme->be = "linux";
		xnvme->async = "io_uring_cmd";
		xnvme->sync = "nvme";
		xnvme->admin = "nvme";
		return;
	}
	for (size_t i = 0; i < sizeof(asynchronous) / sizeof(asynchronous[0]); i++) {
		if (strcmp(backend, asynchronous[i]) == 0) {
			xnvme->be = "linux";
			xnvme->async = asynchronous[i];
			return;
		}
	}
	xnvme->be = backend;
}

/*
 * Keeps other users of Basalt from a file or device, by a lock as its other back ends take it, and
 * everybody who asks from the disk: a disk that is mounted cannot be claimed, nor the other way round.
 */
static int claim(struct basalt_device *device, const char *target, mode_t type)
{
	const char *name = strrchr(target, '/');
	char disk[64] = "";

	if (type == S_IFBLK) {
		snprintf(disk, sizeof(disk), "%s", target);
	} else if (type == S_IFCHR && name != NULL && strncmp(name, "/ng", 3) == 0) {
		snprintf(disk, sizeof(disk), "/dev/nvme%s", name + 3);
	}
	if (disk[0] != '\0') {
		device->claims[0] = open(disk, O_RDONLY | O_EXCL | O_CLOEXEC);
		if (device->claims[0] < 0) {
			return basalt_fail(errno, "%s cannot be claimed: %s; is it mounted?", disk,
			                   strerror(errno));
		}
	}
	device->claims[1] = open(target, O_RDONLY | O_CLOEXEC);
	if (device->claims[1] < 0 || flock(device->claims[1], LOCK_EX | LOCK_NB) != 0) {
		return errno == EWOULDBLOCK
		               ? basalt_fail(EBUSY, "%s is open already, here or in another process", target)
		               : basalt_fail(errno, "%s cannot be locked: %s", target, strerror(errno));
	}
	return 0;
}

/* Opens a descriptor beside xNVMe's, and makes a file as large as it is to be. */
static int open_beside(struct basalt_device *device, const char *target, const char *options,
                       mode_t *type)
{
	char text[32] = "";
	struct stat status;
	uint64_t bytes = 0;
	bool may_create = false;

	if (basalt_flag_option(options, "create", false, &may_create) < 0 ||
	    basalt_option(options, "size", text, sizeof(text)) < 0 ||
	    (text[0] != '\0' && basalt_parse_size(text, &bytes) < 0)) {
		return -EINVAL;
	}
	*type = stat(target, &status) == 0 ? status.st_mode & S_IFMT : 0;
	if (*type == 0 && may_create) {
		*type = S_IFREG;
	}
	if (*type != S_IFREG && *type != S_IFBLK) {
		/* xNVMe knows what else it is, or that it is nothing. */
		return *type == S_IFCHR ? claim(device, target, *type) : 0;
	}
	device->fd = open(target, O_RDWR | O_DIRECT | O_CLOEXEC | (may_create ? O_CREAT : 0), 0666);
	if (device->fd < 0 || fstat(device->fd, &status) < 0) {
		return basalt_fail(errno, "%s cannot be opened for direct reads and writes: %s", target,
		                   strerror(errno));
	}
	if (claim(device, target, *type) < 0) {
		return -EBUSY;
	}
	if (*type == S_IFREG && (uint64_t)status.st_size < bytes &&
	    ftruncate(device->fd, (off_t)bytes) < 0) {
		return basalt_fail(errno, "%s cannot be made %s large: %s", target, text, strerror(errno));
	}
	return 0;
}

static int describe(struct basalt_device *device, const char *target, mode_t type)
{
	const struct xnvme_geo *geometry = xnvme_dev_get_geo(device->handle);
	const struct xnvme_opts *used = xnvme_dev_get_opts(device->handle);
	struct basalt_info *info = &device->info;
	uint64_t bytes = geometry->tbytes;

	if (geometry->type == XNVME_GEO_ZONED || geometry->type == XNVME_GEO_KV) {
		return basalt_fail(ENOTSUP, "%s is %s, needed: a namespace of the NVM command set", target,
		                   geometry->type == XNVME_GEO_ZONED ? "zoned" : "for keys and values");
	}
	device->is_file = type == S_IFREG || geometry->lba_nbytes < 512;
	if (device->is_file) {
		const off_t end = lseek(device->fd, 0, SEEK_END);

		if (end < 0) {
			return basalt_fail(errno, "size of %s: %s", target, strerror(errno));
		}
		bytes = (uint64_t)end;
		info->block_bytes = BLOCK_BYTES_OF_FILES;
	} else {
		info->block_bytes = geometry->lba_nbytes;
	}
	if (geometry->nbytes_oob != 0) {
		return basalt_fail(ENOTSUP, "blocks of %s have %u bytes of metadata", target,
		                   geometry->nbytes_oob);
	}
	info->block_count = bytes / info->block_bytes;
	info->transfer_bytes_max = TRANSFER_BYTES_MAX;
	if (!device->is_file && geometry->mdts_nbytes >= info->block_bytes &&
	    geometry->mdts_nbytes < TRANSFER_BYTES_MAX) {
		info->transfer_bytes_max = geometry->mdts_nbytes / info->block_bytes * info->block_bytes;
	}
	if (info->block_count == 0 || info->block_bytes > 4096) {
		return basalt_fail(ENOTSUP, "%s has %" PRIu64 " blocks of %u bytes, needed: some, of 512 to "
		                            "4096 (size=... makes a file larger)",
		                   target, info->block_count, info->block_bytes);
	}
	info->atomic_write_bytes = 512;
	info->memory_alignment_bytes = info->block_bytes;
	info->queue_depth_max = QUEUE_DEPTH_MAX;
	info->piece_count_max = 0;
	info->flags = BASALT_VOLATILE_WRITE_CACHE |
	              (strcmp(used->be, "spdk") == 0 ? BASALT_PINS_MEMORY : 0u);
	device->nsid = xnvme_dev_get_nsid(device->handle);
	snprintf(info->description, sizeof(info->description), "xNVMe %s, async %s, sync %s", used->be,
	         used->async == NULL ? "none" : used->async, used->sync == NULL ? "none" : used->sync);
	return 0;
}

static void driver_close(struct basalt_device *device)
{
	if (device->handle != NULL) {
		xnvme_dev_close(device->handle);
	}
	if (device->fd >= 0) {
		close(device->fd);
	}
	for (int i = 0; i < 2; i++) {
		if (device->claims[i] >= 0) {
			close(device->claims[i]);
		}
	}
	free(device);
}

static int open_device(struct basalt_device *device, const char *target, const char *options)
{
	static const char *const names[] = {"be", "create", "size", "nsid", NULL};
	struct xnvme_opts xnvme = xnvme_opts_default();
	char backend[32] = "";
	uint64_t nsid = 0;
	mode_t type = 0;

	if (basalt_check_options(options, names) < 0 ||
	    basalt_option(options, "be", backend, sizeof(backend)) < 0 ||
	    basalt_number_option(options, "nsid", 0, &nsid) < 0) {
		return -EINVAL;
	}
	if (nsid > UINT32_MAX) {
		return basalt_fail(EINVAL, "nsid is %" PRIu64 ", needed: below 4294967296", nsid);
	}

	const int result = open_beside(device, target, options, &type);

	if (result < 0) {
		return result;
	}
	if (backend[0] == '\0') {
		snprintf(backend, sizeof(backend), "%s", type == S_IFCHR ? "io_uring_cmd" : "io_uring");
	}
	choose_backend(&xnvme, backend);
	xnvme.rdwr = 1;
	xnvme.direct = 1;
	xnvme.nsid = (uint32_t)nsid;
	errno = 0;
	device->handle = xnvme_dev_open(target, &xnvme);
	if (device->handle == NULL) {
		const int error = errno == 0 ? EIO : abs(errno); /* some of its back ends negate it */

		return basalt_fail(error, "xNVMe does not open %s with be=%s: %s", target, backend,
		                   strerror(error));
	}
	return describe(device, target, type);
}

static int driver_open(const char *target, const char *options, struct basalt_device **opened)
{
	struct basalt_device *device = calloc(1, sizeof(*device));
	int result;

	if (device == NULL) {
		return basalt_fail(ENOMEM, "no memory");
	}
	device->fd = -1;
	device->claims[0] = -1;
	device->claims[1] = -1;
	result = open_device(device, target, options);
	if (result < 0) {
		driver_close(device);
		return result;
	}
	*opened = device;
	return 0;
}

static void driver_info(struct basalt_device *device, struct basalt_info *info)
{
	*info = device->info;
}

static int driver_dma_alloc(struct basalt_device *device, uint64_t bytes, void **address,
                            uint64_t *iova)
{
	*address = bytes == 0 ? NULL : xnvme_buf_alloc(device->handle, bytes);
	*iova = UINT64_MAX;
	if (*address == NULL) {
		return basalt_fail(ENOMEM, "xNVMe has no %" PRIu64 " bytes", bytes);
	}
	memset(*address, 0, bytes);
	return 0;
}

static void driver_dma_free(struct basalt_device *device, void *address)
{
	xnvme_buf_free(device->handle, address);
}

/* ---- what xNVMe's queues of files and block devices do not carry out ---- */

static uint32_t write_zeroes(int fd, off_t offset, uint64_t bytes)
{
	void *zeroes = NULL;
	uint32_t status = BASALT_SUCCESS;

	if (posix_memalign(&zeroes, 4096, ZEROES_BYTES) != 0) {
		return status_of_errno(ENOMEM, BASALT_WRITE_ZEROES);
	}
	memset(zeroes, 0, ZEROES_BYTES);
	while (bytes > 0 && status == BASALT_SUCCESS) {
		const ssize_t written = pwrite(fd, zeroes, bytes < ZEROES_BYTES ? bytes : ZEROES_BYTES,
		                               offset);

		if (written <= 0) {
			status = status_of_errno(written < 0 ? errno : EIO, BASALT_WRITE_ZEROES);
			break;
		}
		offset += written;
		bytes -= (uint64_t)written;
	}
	free(zeroes);
	return status;
}

static uint32_t execute_slowly(struct basalt_device *device, const struct basalt_command *command)
{
	const off_t offset = (off_t)(command->lba * device->info.block_bytes);
	const uint64_t bytes = command->block_count * device->info.block_bytes;

	switch (command->opcode) {
	case BASALT_FLUSH:
		return fdatasync(device->fd) == 0 ? BASALT_SUCCESS : status_of_errno(errno, BASALT_FLUSH);
	case BASALT_WRITE_ZEROES:
		return fallocate(device->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset,
		                 (off_t)bytes) == 0
		               ? BASALT_SUCCESS
		               : write_zeroes(device->fd, offset, bytes);
	default:
		if (fallocate(device->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
		              (off_t)bytes) == 0 ||
		    errno == EOPNOTSUPP || errno == ENODEV) {
			return BASALT_SUCCESS; /* a hint */
		}
		return status_of_errno(errno, BASALT_DEALLOCATE);
	}
}

static void *work(void *argument)
{
	struct basalt_queue *queue = argument;
	struct slot *slot;

	pthread_mutex_lock(&queue->lock);
	while (true) {
		slot = take(&queue->waiting);
		if (slot == NULL) {
			if (queue->is_ending) {
				break;
			}
			pthread_cond_wait(&queue->has_work, &queue->lock);
			continue;
		}
		pthread_mutex_unlock(&queue->lock);
		slot->status = execute_slowly(queue->device, &slot->command);
		pthread_mutex_lock(&queue->lock);
		add(&queue->done, slot);
		__atomic_fetch_add(&queue->done_count, 1, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

static void hand_to_thread(struct slot *slot)
{
	struct basalt_queue *queue = slot->queue;

	pthread_mutex_lock(&queue->lock);
	add(&queue->waiting, slot);
	pthread_cond_signal(&queue->has_work);
	pthread_mutex_unlock(&queue->lock);
}

static void collect_from_thread(struct basalt_queue *queue)
{
	struct slot *slot;

	if (__atomic_load_n(&queue->done_count, __ATOMIC_ACQUIRE) == 0) {
		return;
	}
	pthread_mutex_lock(&queue->lock);
	while ((slot = take(&queue->done)) != NULL) {
		add(&queue->ended, slot);
		__atomic_fetch_sub(&queue->done_count, 1, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&queue->lock);
}

/* ---- queues ---- */

static int start_thread(struct basalt_queue *queue)
{
	sigset_t all;
	sigset_t before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the threads of others */
	error = pthread_create(&queue->thread, NULL, work, queue);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static int driver_queue_open(struct basalt_device *device, uint32_t depth,
                             struct basalt_queue **opened)
{
	struct basalt_queue *queue;
	uint16_t capacity = 1;
	int result;

	if (depth < 1 || depth > device->info.queue_depth_max) {
		return basalt_fail(EINVAL, "depth is %u, needed: 1 to %u", depth,
		                   device->info.queue_depth_max);
	}
	queue = calloc(1, sizeof(*queue));
	if (queue == NULL) {
		return basalt_fail(ENOMEM, "no memory");
	}
	queue->slots = calloc(depth, sizeof(*queue->slots));
	if (queue->slots == NULL) {
		free(queue);
		return basalt_fail(ENOMEM, "no memory for a queue of depth %u", depth);
	}
	queue->device = device;
	for (uint32_t i = 0; i < depth; i++) {
		queue->slots[i].queue = queue;
		queue->slots[i].next = queue->free;
		queue->free = &queue->slots[i];
	}
	clear(&queue->ended);
	clear(&queue->unfinished);
	clear(&queue->waiting);
	clear(&queue->done);
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->has_work, NULL);
	while (capacity < depth + 1) { /* a power of two, and never quite full */
		capacity = (uint16_t)(2 * capacity);
	}
	result = xnvme_queue_init(device->handle, capacity, 0, &queue->handle);
	if (result == 0 && device->fd >= 0 && start_thread(queue) != 0) {
		xnvme_queue_term(queue->handle);
		result = -EAGAIN;
	}
	if (result != 0) {
		free(queue->slots);
		free(queue);
		return basalt_fail(abs(result), "xNVMe makes no queue of depth %u: %s", depth,
		                   strerror(abs(result)));
	}
	*opened = queue;
	return 0;
}

/* Called by xNVMe in a poke. Must hand nothing over: some of its back ends would call this again. */
static void on_completion(struct xnvme_cmd_ctx *context, void *argument)
{
	struct slot *slot = argument;
	struct basalt_queue *queue = slot->queue;
	const uint32_t sct = context->cpl.status.sct;
	const uint32_t sc = context->cpl.status.sc;

	queue->in_flight--;
	if (sct == VENDOR_SPECIFIC || (sct == 0 && sc == 0 && (int64_t)context->cpl.result < 0)) {
		slot->status = status_of_errno(sct == VENDOR_SPECIFIC ? (int)sc : EIO,
		                               slot->command.opcode);
	} else if (sct != 0 || sc != 0) {
		slot->status = BASALT_STATUS(sct, sc) |
		               (context->cpl.status.dnr ? 0u : BASALT_RETRYABLE);
	} else if (queue->device->fd >= 0 && context->cpl.result != slot->expected_bytes) {
		slot->status = slot->command.opcode == BASALT_READ ? UNWRITTEN_BLOCK : BASALT_WRITE_FAULT;
	} else {
		slot->status = BASALT_SUCCESS;
	}
	xnvme_queue_put_cmd_ctx(queue->handle, context);
	if (slot->status == BASALT_SUCCESS && slot->command.opcode == BASALT_WRITE &&
	    (slot->command.flags & BASALT_FORCE_UNIT_ACCESS) != 0) {
		slot->command.opcode = BASALT_FLUSH; /* what makes the write durable */
		if (queue->device->fd >= 0) {
			hand_to_thread(slot);
		} else {
			add(&queue->unfinished, slot);
		}
		return;
	}
	add(slot->status == BASALT_SUCCESS && slot->left > 0 ? &queue->unfinished : &queue->ended, slot);
}

static int transfer(struct slot *slot, struct xnvme_cmd_ctx *context)
{
	const struct basalt_command *command = &slot->command;
	struct basalt_device *device = slot->queue->device;
	void *data = (void *)(uintptr_t)command->address;
	const off_t offset = (off_t)(command->lba * device->info.block_bytes);
	const uint16_t last = (uint16_t)(command->block_count - 1);

	slot->expected_bytes = command->block_count * device->info.block_bytes;
	if (device->is_file) {
		return command->opcode == BASALT_READ
		               ? xnvme_file_pread(context, data, slot->expected_bytes, offset)
		               : xnvme_file_pwrite(context, data, slot->expected_bytes, offset);
	}
	return command->opcode == BASALT_READ
	               ? xnvme_nvm_read(context, device->nsid, command->lba, last, data, NULL)
	               : xnvme_nvm_write(context, device->nsid, command->lba, last, data, NULL);
}

/* Hands over a flush, or what a command takes of a range. */
static int pass(struct slot *slot, struct xnvme_cmd_ctx *context)
{
	struct basalt_device *device = slot->queue->device;
	const uint64_t most = slot->command.opcode == BASALT_DEALLOCATE ? DEALLOCATED_BLOCKS_MAX
	                                                                : ZEROED_BLOCKS_MAX;
	const uint32_t count = (uint32_t)(slot->left < most ? slot->left : most);
	int result;

	switch (slot->command.opcode) {
	case BASALT_FLUSH:
		context->cmd.common.opcode = BASALT_FLUSH;
		context->cmd.common.nsid = device->nsid;
		return xnvme_cmd_pass(context, NULL, 0, NULL, 0);
	case BASALT_WRITE_ZEROES:
		result = xnvme_nvm_write_zeroes(context, device->nsid, slot->lba, (uint16_t)(count - 1));
		break;
	default:
		memset(&slot->range, 0, sizeof(slot->range));
		slot->range.llb = count;
		slot->range.slba = slot->lba;
		result = xnvme_nvm_dsm(context, device->nsid, &slot->range, 0, true, false, false);
	}
	if (result == 0) {
		slot->lba += count;
		slot->left -= count;
	}
	return result;
}

/* Hands a command to xNVMe; returns 0, or -EBUSY when it has no room now. */
static int hand_over(struct slot *slot)
{
	struct basalt_queue *queue = slot->queue;
	struct xnvme_cmd_ctx *context = xnvme_queue_get_cmd_ctx(queue->handle);
	const uint8_t opcode = slot->command.opcode;
	int result;

	if (context == NULL) {
		return -EBUSY;
	}
	/* xNVMe hands them out as they came back, and its back ends set errors only. */
	memset(&context->cmd, 0, sizeof(context->cmd));
	memset(&context->cpl, 0, sizeof(context->cpl));
	xnvme_cmd_ctx_set_cb(context, on_completion, slot);
	queue->in_flight++; /* some of its back ends complete at once */
	result = opcode == BASALT_READ || opcode == BASALT_WRITE ? transfer(slot, context)
	                                                         : pass(slot, context);
	if (result == 0) {
		return 0;
	}
	queue->in_flight--;
	xnvme_queue_put_cmd_ctx(queue->handle, context);
	if (result == -EBUSY || result == -EAGAIN) {
		return -EBUSY;
	}
	slot->status = status_of_errno(abs(result), opcode);
	add(&queue->ended, slot);
	return 0;
}

/* Returns a status for a command that must not be handed over, or success. */
static uint32_t refusal(const struct basalt_device *device, const struct basalt_command *command)
{
	switch (command->opcode) {
	case BASALT_FLUSH:
		return BASALT_SUCCESS;
	case BASALT_READ:
	case BASALT_WRITE:
		if (command->block_count > device->info.transfer_bytes_max / device->info.block_bytes ||
		    command->piece_count > 0) {
			return BASALT_INVALID_FIELD;
		}
		break;
	case BASALT_WRITE_ZEROES:
	case BASALT_DEALLOCATE:
		break;
	default:
		return BASALT_INVALID_OPCODE;
	}
	return basalt_is_in_range(&device->info, command) ? BASALT_SUCCESS : BASALT_LBA_OUT_OF_RANGE;
}

/* Returns whether the command was taken. */
static bool try_submit(struct basalt_queue *queue, const struct basalt_command *command)
{
	struct slot *slot = queue->free;
	const bool is_transfer = command->opcode == BASALT_READ || command->opcode == BASALT_WRITE;

	if (slot == NULL) {
		return false;
	}
	queue->free = slot->next;
	slot->command = *command;
	slot->status = refusal(queue->device, command);
	slot->lba = command->lba;
	slot->left = is_transfer || command->opcode == BASALT_FLUSH ? 0 : command->block_count;
	if (slot->status != BASALT_SUCCESS) {
		add(&queue->ended, slot);
	} else if (!is_transfer && queue->device->fd >= 0) {
		hand_to_thread(slot);
	} else if (hand_over(slot) != 0) {
		slot->next = queue->free;
		queue->free = slot;
		return false;
	}
	return true;
}

/* Lets xNVMe deliver, and goes on with what has further parts. */
static void progress(struct basalt_queue *queue)
{
	struct slot *slot;

	if (queue->in_flight > 0) {
		xnvme_queue_poke(queue->handle, 0);
	}
	collect_from_thread(queue);
	for (slot = take(&queue->unfinished); slot != NULL; slot = take(&queue->unfinished)) {
		if (hand_over(slot) != 0) {
			add(&queue->unfinished, slot); /* no room now */
			break;
		}
	}
}

static int driver_queue_submit(struct basalt_queue *queue, const struct basalt_command *commands,
                               uint32_t count)
{
	uint32_t taken = 0;

	while (taken < count && try_submit(queue, &commands[taken])) {
		taken++;
	}
	if (queue->in_flight > 0) {
		xnvme_queue_poke(queue->handle, 0); /* io_uring submits in a poke */
	}
	return (int)taken;
}

static int driver_queue_poll(struct basalt_queue *queue, struct basalt_completion *completions,
                             uint32_t max)
{
	struct slot *slot;
	uint32_t delivered = 0;

	progress(queue);
	while (delivered < max && (slot = take(&queue->ended)) != NULL) {
		completions[delivered].tag = slot->command.tag;
		completions[delivered].status = slot->status;
		completions[delivered].reserved = 0;
		delivered++;
		slot->next = queue->free;
		queue->free = slot;
	}
	return (int)delivered;
}

static void driver_queue_close(struct basalt_queue *queue)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	while (queue->in_flight > 0) {
		if (xnvme_queue_poke(queue->handle, 0) <= 0 && queue->in_flight > 0) {
			nanosleep(&pause, NULL); /* the memory is the device's until it says otherwise */
		}
	}
	if (queue->device->fd >= 0) {
		pthread_mutex_lock(&queue->lock);
		queue->is_ending = true; /* after what is waiting */
		pthread_cond_signal(&queue->has_work);
		pthread_mutex_unlock(&queue->lock);
		pthread_join(queue->thread, NULL);
	}
	xnvme_queue_term(queue->handle);
	pthread_mutex_destroy(&queue->lock);
	pthread_cond_destroy(&queue->has_work);
	free(queue->slots);
	free(queue);
}

static char library[64] = "xNVMe";

static const struct basalt_driver driver = {
	BASALT_DRIVER_SIZES,
	.name = "xnvme",
	.library = library,
	.open = driver_open,
	.close = driver_close,
	.info = driver_info,
	.dma_alloc = driver_dma_alloc,
	.dma_free = driver_dma_free,
	.queue_open = driver_queue_open,
	.queue_close = driver_queue_close,
	.queue_submit = driver_queue_submit,
	.queue_poll = driver_queue_poll,
	.last_error = basalt_last_error,
};

BASALT_EXPORT const struct basalt_driver *basalt_driver(void)
{
	snprintf(library, sizeof(library), "xNVMe %d.%d.%d", xnvme_ver_major(), xnvme_ver_minor(),
	         xnvme_ver_patch());
	return &driver;
}
