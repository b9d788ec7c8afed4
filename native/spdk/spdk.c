/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVMe through SPDK, without its application framework. Targets:
 *
 *   0000:01:00.0/1                    PCI address / namespace; the device is bound to vfio-pci
 *   tcp://127.0.0.1:4420/NQN/1        NVMe over TCP: address ([::1] for IPv6), port (4420 when there
 *                                     is none), subsystem, namespace
 *   vfio-user:///DIRECTORY/NQN/1      a device that another process emulates: where its socket is,
 *                                     subsystem, namespace
 *
 * Options, of which those of memory hold for the process and must not change:
 *
 *   no-huge     true: ordinary memory instead of huge pages; not for devices on the PCI bus
 *   mem-mb      memory of SPDK in MiB (with no-huge 256, else as much as is needed)
 *   timeout-ms  a command that takes longer is aborted (10000); twice that, and the controller is
 *               given up: disabled, where it is on the PCI bus
 *
 * Everything here was compiled against the SPDK that is installed; what differs between the releases
 * is told apart by SPDK_VERSION.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <spdk/env.h>
#include <spdk/log.h>
#include <spdk/nvme.h>
#include <spdk/version.h>

#include "support.h"

#define TRANSFER_BYTES_MAX (128u << 10)
#define QUEUE_DEPTH_MAX 1023u
#define PIECES_MAX 1024u
#define ZEROED_BLOCKS_MAX 65536u
#define DEALLOCATED_BLOCKS_MAX UINT32_MAX
#define SIGNALS 32
#define ADMIN_NANOS 50000000
#define DEFAULT_PORT "4420" /* of NVMe over TCP */
#define DISABLE_SECONDS 2u  /* the most that a controller is waited for */
#define REGISTER_POLL_NANOS 1000000
#define PCI_COMMAND 4u      /* a register of the configuration space, and a bit of it */
#define PCI_BUS_MASTER 4u
#define ANY_NODE (-1) /* the name of this constant changed with release 24.09 */

/* A controller, shared by the namespaces that are open. */
struct controller {
	struct controller *next;
	char address[512];
	struct spdk_nvme_ctrlr *handle;
	uint32_t users;
	uint64_t timeout_us;
	bool is_on_bus;       /* reads and writes memory by itself */
	bool is_stopped;      /* and does so no more; with the lock */
	pthread_mutex_t lock;
	pthread_t admin;
	bool is_ending; /* of the admin thread; atomic */
};

struct basalt_device {
	struct controller *controller;
	struct spdk_nvme_ns *ns;
	struct basalt_info info;
	int lock;
	bool can_deallocate;
	bool can_write_zeroes;
	bool can_compare;
};

/* A command in flight, and what is left of it when it is more than SPDK takes at once. */
struct slot {
	struct basalt_queue *queue;
	uint64_t tag;
	uint64_t lba;
	uint64_t left;
	uint64_t start_ticks; /* when SPDK got it, or 0 */
	const struct basalt_piece *pieces;
	uint32_t piece;        /* the next one */
	uint32_t piece_offset; /* within it */
	uint8_t opcode;
};

struct basalt_queue {
	struct basalt_device *device;
	struct spdk_nvme_qpair *pair; /* null once it is gone */
	uint64_t now_ticks;
	uint64_t check_ticks;         /* when to look for commands that are too late */
	void *zeroes; /* where the controller cannot write them by itself */
	uint32_t depth;
	uint32_t free_count;
	uint32_t first_completed;
	uint32_t completed_count;
	bool is_gone;
	struct slot **free;
	struct slot *slots;
	struct basalt_completion *completed; /* a ring of "depth" */
};

static pthread_mutex_t environment_lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_environment_up;
static bool is_without_huge_pages;
static bool has_single_segments; /* huge pages in files that can be handed over by vfio-user */
static uint64_t memory_mb;
static struct controller *controllers;

/* ---- the environment: once, on a thread that ends ---- */

struct start {
	int cpu;
	int result;
};

static void *start_environment(void *argument)
{
	struct start *start = argument;
	struct sigaction actions[SIGNALS];
	struct spdk_env_opts options;
	char core[32];

	for (int i = 1; i < SIGNALS; i++) {
		sigaction(i, NULL, &actions[i]);
	}
	memset(&options, 0, sizeof(options));
	options.opts_size = sizeof(options);
	spdk_env_opts_init(&options);
	snprintf(core, sizeof(core), "[%d]", start->cpu);
	options.name = "basalt";
	options.core_mask = core;
	options.shm_id = -1;
	options.no_huge = is_without_huge_pages;
	/* Files of huge pages that are unlinked do not outlive a process that is killed. */
	options.unlink_hugepage = !is_without_huge_pages && !has_single_segments;
	options.hugepage_single_segments = has_single_segments;
	if (memory_mb > 0) {
		options.mem_size = (int)memory_mb;
	}
	options.env_context = (void *)(uintptr_t) "--log-level=lib.eal:error --log-level=lib.power:1";
	spdk_log_set_print_level(SPDK_LOG_ERROR);
	start->result = spdk_env_init(&options);
	for (int i = 1; i < SIGNALS; i++) {
		sigaction(i, &actions[i], NULL);
	}
	return NULL;
}

static int first_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0) {
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (CPU_ISSET(cpu, &set)) {
				return cpu;
			}
		}
	}
	return 0;
}

/* Called with the lock. */
static int need_environment(const char *options, bool is_vfio_user)
{
	struct start start = {.cpu = first_cpu(), .result = 0};
	uint64_t megabytes = 0;
	bool no_huge = false;
	sigset_t all;
	sigset_t before;
	pthread_t thread;
	int error;

	if (basalt_flag_option(options, "no-huge", is_without_huge_pages, &no_huge) < 0 ||
	    basalt_number_option(options, "mem-mb", memory_mb, &megabytes) < 0) {
		return -EINVAL;
	}
	if (is_environment_up && is_vfio_user && !is_without_huge_pages && !has_single_segments) {
		return basalt_fail(EBUSY, "SPDK runs with huge pages that vfio-user cannot hand over; open "
		                          "this device first, or with no-huge=true");
	}
	if (is_environment_up) {
		return no_huge == is_without_huge_pages && megabytes == memory_mb
		               ? 0
		               : basalt_fail(EBUSY, "SPDK runs with no-huge=%s and mem-mb=%" PRIu64
		                                    " already; it takes one setting in a process",
		                             is_without_huge_pages ? "true" : "false", memory_mb);
	}
	if (megabytes > 1u << 20) {
		return basalt_fail(EINVAL, "mem-mb is %" PRIu64 ", needed: up to 1048576", megabytes);
	}
	is_without_huge_pages = no_huge;
	has_single_segments = is_vfio_user && !no_huge;
	memory_mb = no_huge && megabytes == 0 ? 256 : megabytes;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* also for the threads that SPDK starts there */
	error = pthread_create(&thread, NULL, start_environment, &start);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0) {
		return basalt_fail(error, "no thread can be started");
	}
	pthread_join(thread, NULL);
	is_environment_up = start.result == 0;
	if (!is_environment_up) {
		is_without_huge_pages = false;
		has_single_segments = false;
		memory_mb = 0;
		return basalt_fail(start.result < 0 ? -start.result : EIO,
		                   "SPDK does not start (%d): it needs huge pages ('sysctl -w "
		                   "vm.nr_hugepages=512' as root), or no-huge=true",
		                   start.result);
	}
	return 0;
}

/* ---- controllers ---- */

static void nap(long nanos)
{
	const struct timespec pause = {.tv_nsec = nanos};

	nanosleep(&pause, NULL);
}

/*
 * Clears CC.EN, and waits until CSTS.RDY is 0: the controller has ended all transfers (NVMe Base
 * Specification 2.0c, sections 3.1.3.5 and 3.1.3.6). One that stays ready may not use the bus.
 */
static void disable(struct spdk_nvme_ctrlr *handle)
{
	volatile struct spdk_nvme_registers *registers = spdk_nvme_ctrlr_get_registers(handle);
	struct spdk_pci_device *pci = spdk_nvme_ctrlr_get_pci_device(handle);
	const uint64_t end = spdk_get_ticks() + DISABLE_SECONDS * spdk_get_ticks_hz();
	union spdk_nvme_cc_register configuration;
	union spdk_nvme_csts_register status;
	uint16_t command = 0;

	if (registers == NULL || pci == NULL ||
	    spdk_pci_device_cfg_read16(pci, &command, PCI_COMMAND) != 0 || command == UINT16_MAX) {
		return; /* it is gone, and its registers are not to be touched */
	}
	configuration.raw = registers->cc.raw;
	configuration.bits.en = 0;
	registers->cc.raw = configuration.raw;
	for (status.raw = registers->csts.raw; status.bits.rdy != 0 && spdk_get_ticks() < end;
	     status.raw = registers->csts.raw) {
		nap(REGISTER_POLL_NANOS);
	}
	if (status.bits.rdy != 0) {
		spdk_pci_device_cfg_write16(pci, (uint16_t)(command & ~PCI_BUS_MASTER), PCI_COMMAND);
	}
}

/*
 * Keeps a controller from memory. SPDK ends what is in flight to a failed one without asking it, and
 * leaves it enabled: it could transfer data when the memory is used for something else. To be called
 * before that, by each thread that would have SPDK end commands; the later ones wait for the first.
 */
static void stop_transfers(struct controller *controller)
{
	pthread_mutex_lock(&controller->lock);
	if (controller->is_on_bus && !controller->is_stopped) {
		disable(controller->handle);
		controller->is_stopped = true;
	}
	pthread_mutex_unlock(&controller->lock);
}

/* For one that SPDK may have given up by itself. */
static void stop_if_failed(struct controller *controller)
{
	if (spdk_nvme_ctrlr_is_failed(controller->handle)) {
		stop_transfers(controller);
	}
}

/* Ends all use of a controller that does not answer. */
static void give_up(struct controller *controller)
{
	stop_transfers(controller);
	spdk_nvme_ctrlr_fail(controller->handle);
}

/* Keeps connections alive, and notices what goes wrong. */
static void *serve_admin_queue(void *argument)
{
	struct controller *controller = argument;

	while (!__atomic_load_n(&controller->is_ending, __ATOMIC_ACQUIRE)) {
		spdk_nvme_ctrlr_process_admin_completions(controller->handle);
		nap(ADMIN_NANOS);
	}
	return NULL;
}

static void end_of_abort(void *argument, const struct spdk_nvme_cpl *completion)
{
	(void)argument;
	(void)completion; /* the command itself says how it ended, or is given up */
}

/* In a poll: a command is late. SPDK calls this once for each; see give_up_if_late(). */
static void on_timeout(void *argument, struct spdk_nvme_ctrlr *handle, struct spdk_nvme_qpair *pair,
                       uint16_t command_id)
{
	if (pair == NULL ||
	    spdk_nvme_ctrlr_cmd_abort(handle, pair, command_id, end_of_abort, NULL) != 0) {
		give_up(argument);
	}
}

static int connect_controller(const char *address, uint64_t timeout_us, struct controller **result)
{
	struct spdk_nvme_transport_id id;
	struct controller *controller;
	sigset_t all;
	sigset_t before;
	int error;

	for (controller = controllers; controller != NULL; controller = controller->next) {
		if (strcmp(controller->address, address) == 0 &&
		    !spdk_nvme_ctrlr_is_failed(controller->handle)) {
			controller->users++;
			*result = controller;
			return 0;
		}
	}
	memset(&id, 0, sizeof(id));
	if (spdk_nvme_transport_id_parse(&id, address) != 0) {
		return basalt_fail(EINVAL, "SPDK does not understand '%s'", address);
	}
	if (!spdk_nvme_transport_available_by_name(id.trstring)) {
		return basalt_fail(ENOTSUP, "this SPDK was built without %s", id.trstring);
	}
	controller = calloc(1, sizeof(*controller));
	if (controller == NULL) {
		return basalt_fail(ENOMEM, "no memory");
	}
	snprintf(controller->address, sizeof(controller->address), "%s", address);
	controller->handle = spdk_nvme_connect(&id, NULL, 0);
	if (controller->handle == NULL) {
		free(controller);
		return basalt_fail(ENODEV,
		                   "there is no controller at '%s', or another process has it%s", address,
		                   id.trtype == SPDK_NVME_TRANSPORT_PCIE
		                           ? "; it must be bound to vfio-pci ('basalt device bind')"
		                           : "");
	}
	if (spdk_nvme_ctrlr_is_failed(controller->handle)) { /* SPDK hands out one it still has */
		spdk_nvme_detach(controller->handle);
		free(controller);
		return basalt_fail(ENODEV, "the controller at '%s' was given up; close its other devices",
		                   address);
	}
	controller->users = 1;
	controller->timeout_us = timeout_us;
	controller->is_on_bus = id.trtype == SPDK_NVME_TRANSPORT_PCIE;
	pthread_mutex_init(&controller->lock, NULL);
	spdk_nvme_ctrlr_register_timeout_callback(controller->handle, timeout_us, timeout_us,
	                                          on_timeout, controller);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the threads of others */
	error = pthread_create(&controller->admin, NULL, serve_admin_queue, controller);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0) {
		spdk_nvme_detach(controller->handle);
		pthread_mutex_destroy(&controller->lock);
		free(controller);
		return basalt_fail(error, "no thread can be started");
	}
	controller->next = controllers;
	controllers = controller;
	*result = controller;
	return 0;
}

/* Called with the lock. */
static void leave_controller(struct controller *controller)
{
	struct controller **link = &controllers;

	if (--controller->users > 0) {
		return;
	}
	while (*link != controller) {
		link = &(*link)->next;
	}
	*link = controller->next;
	__atomic_store_n(&controller->is_ending, true, __ATOMIC_RELEASE);
	pthread_join(controller->admin, NULL);
	stop_if_failed(controller);
	spdk_nvme_detach(controller->handle);
	pthread_mutex_destroy(&controller->lock);
	free(controller);
}

/* ---- devices ---- */

/* Tells whether a text is a port, 1 to 65535. */
static bool is_port(const char *text, const char *end)
{
	uint32_t port = 0;

	while (text < end && *text >= '0' && *text <= '9' && port <= UINT16_MAX) {
		port = 10 * port + (uint32_t)(*text++ - '0');
	}
	return text == end && port > 0 && port <= UINT16_MAX;
}

/*
 * "HOST:PORT/NQN" or "HOST/NQN", which ends at "end"; an address of IPv6 is in brackets. Returns the
 * length written, or -1.
 */
static int tcp_address(const char *target, const char *end, char *address, size_t address_bytes)
{
	const char *nqn = memchr(target, '/', (size_t)(end - target));
	const bool is_v6 = target[0] == '['; /* [::1]:4420 */
	const char *host = target + (is_v6 ? 1 : 0);
	const char *host_end;
	const char *port;

	if (nqn == NULL || nqn + 1 >= end) {
		return -1;
	}
	host_end = memchr(host, is_v6 ? ']' : ':', (size_t)(nqn - host));
	if (host_end == NULL && is_v6) {
		return -1;
	}
	host_end = host_end == NULL ? nqn : host_end;
	port = host_end + (is_v6 ? 1 : 0); /* ":4420", or nothing */
	if (host_end == host || (port < nqn && (*port != ':' || !is_port(port + 1, nqn)))) {
		return -1;
	}
	return snprintf(address, address_bytes,
	                "trtype:TCP adrfam:%s traddr:%.*s trsvcid:%.*s subnqn:%.*s",
	                is_v6 ? "IPv6" : "IPv4", (int)(host_end - host), host,
	                port < nqn ? (int)(nqn - port - 1) : (int)strlen(DEFAULT_PORT),
	                port < nqn ? port + 1 : DEFAULT_PORT, (int)(end - nqn - 1), nqn + 1);
}

/* "/DIRECTORY/NQN", which ends at "end"; returns the length written, or -1. */
static int vfio_user_address(const char *target, const char *end, char *address,
                             size_t address_bytes)
{
	const char *nqn = end;

	while (nqn > target && nqn[-1] != '/') {
		nqn--;
	}
	if (nqn <= target + 1) {
		return -1;
	}
	return snprintf(address, address_bytes, "trtype:VFIOUSER traddr:%.*s subnqn:%.*s",
	                (int)(nqn - 1 - target), target, (int)(end - nqn), nqn);
}

/* Splits a target into what SPDK calls a transport id, and a namespace. */
static int parse_target(const char *target, char *address, size_t address_bytes, uint32_t *namespace)
{
	const char *slash = strrchr(target, '/');
	char *end = NULL;
	int length;

	*namespace = 1;
	if (strncmp(target, "tcp://", 6) == 0) {
		length = tcp_address(target + 6, slash < target + 6 ? target + 6 : slash, address,
		                     address_bytes);
	} else if (strncmp(target, "vfio-user://", 12) == 0) {
		length = vfio_user_address(target + 12, slash < target + 12 ? target + 12 : slash, address,
		                           address_bytes);
	} else {
		length = snprintf(address, address_bytes, "trtype:PCIe traddr:%.*s",
		                  slash == NULL ? (int)strlen(target) : (int)(slash - target), target);
	}
	if (length < 0) {
		return basalt_fail(EINVAL, "target is '%s', needed: 0000:01:00.0/1, "
		                           "tcp://HOST:PORT/NQN/NAMESPACE or "
		                           "vfio-user:///DIRECTORY/NQN/NAMESPACE", target);
	}
	if ((size_t)length >= address_bytes) {
		return basalt_fail(EINVAL, "target '%s' is too long", target);
	}
	if (slash != NULL) {
		const unsigned long number = strtoul(slash + 1, &end, 10);

		if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || number < 1 ||
		    number > UINT32_MAX - 1) {
			return basalt_fail(EINVAL, "target '%s' names the namespace '%s', needed: a number "
			                           "from 1", target, slash + 1);
		}
		*namespace = (uint32_t)number;
	}
	return 0;
}

/* Returns the length of a text of identify data without the blanks at its end. */
static int trimmed(const void *padded, int bytes)
{
	const char *text = padded;

	while (bytes > 0 && (text[bytes - 1] == ' ' || text[bytes - 1] == 0)) {
		bytes--;
	}
	return bytes;
}

/* What a power failure never tears: claimed only where each transfer is within it and none split. */
static uint32_t atomic_bytes(const struct spdk_nvme_ctrlr_data *controller, struct spdk_nvme_ns *ns)
{
	const struct spdk_nvme_ns_data *data = spdk_nvme_ns_get_data(ns);
	uint64_t blocks = (uint64_t)controller->awupf + 1;

	if (data->nsfeat.ns_atomic_write_unit) {
		blocks = data->nabspf != 0 ? 1 : (uint64_t)data->nawupf + 1;
	}
	return blocks * spdk_nvme_ns_get_sector_size(ns) >= TRANSFER_BYTES_MAX &&
	                       spdk_nvme_ns_get_max_io_xfer_size(ns) >= TRANSFER_BYTES_MAX &&
	                       spdk_nvme_ns_get_optimal_io_boundary(ns) == 0 /* SPDK splits there */
	               ? TRANSFER_BYTES_MAX
	               : 512;
}

static int describe(struct basalt_device *device, const char *target, uint32_t namespace)
{
	struct spdk_nvme_ctrlr *handle = device->controller->handle;
	const struct spdk_nvme_ctrlr_data *data = spdk_nvme_ctrlr_get_data(handle);
	struct basalt_info *info = &device->info;
	const uint32_t entries = spdk_nvme_ctrlr_get_regs_cap(handle).bits.mqes;
	uint32_t block;
	uint32_t flags;

	device->ns = spdk_nvme_ctrlr_get_ns(handle, namespace);
	if (device->ns == NULL || !spdk_nvme_ns_is_active(device->ns)) {
		return basalt_fail(ENODEV, "%s has no namespace %u; its first is %u", target, namespace,
		                   spdk_nvme_ctrlr_get_first_active_ns(handle));
	}
	if (spdk_nvme_ns_get_csi(device->ns) != SPDK_NVME_CSI_NVM) {
		return basalt_fail(ENOTSUP, "namespace %u has command set %d (2: zoned), needed: 0",
		                   namespace, (int)spdk_nvme_ns_get_csi(device->ns));
	}
	if (spdk_nvme_ns_get_md_size(device->ns) != 0) {
		return basalt_fail(ENOTSUP, "blocks of namespace %u have %u bytes of metadata; format it "
		                            "without", namespace, spdk_nvme_ns_get_md_size(device->ns));
	}
	block = spdk_nvme_ns_get_sector_size(device->ns);
	if (block < 512 || block > 4096) {
		return basalt_fail(ENOTSUP, "blocks have %u bytes, needed: 512 to 4096", block);
	}
	flags = spdk_nvme_ns_get_flags(device->ns);
	device->can_deallocate = (flags & SPDK_NVME_NS_DEALLOCATE_SUPPORTED) != 0;
	device->can_write_zeroes = (flags & SPDK_NVME_NS_WRITE_ZEROES_SUPPORTED) != 0;
	device->can_compare = (flags & SPDK_NVME_NS_COMPARE_SUPPORTED) != 0;
	info->block_bytes = block;
	info->block_count = spdk_nvme_ns_get_num_sectors(device->ns);
	info->transfer_bytes_max = TRANSFER_BYTES_MAX;
	info->atomic_write_bytes = atomic_bytes(data, device->ns);
	info->memory_alignment_bytes = 4;
	info->queue_depth_max = entries < QUEUE_DEPTH_MAX ? (entries > 0 ? entries : 1) : QUEUE_DEPTH_MAX;
	info->piece_count_max = PIECES_MAX;
	info->flags = BASALT_PINS_MEMORY | (data->vwc.present ? BASALT_VOLATILE_WRITE_CACHE : 0u) |
	              (device->can_compare ? BASALT_HAS_COMPARE : 0u);
	snprintf(info->description, sizeof(info->description), "%.*s, serial %.*s, firmware %.*s",
	         trimmed(data->mn, sizeof(data->mn)), (const char *)data->mn,
	         trimmed(data->sn, sizeof(data->sn)), (const char *)data->sn,
	         trimmed(data->fr, sizeof(data->fr)), (const char *)data->fr);
	return 0;
}

/*
 * Lets one process of this host have a namespace: over TCP and vfio-user nobody else does. By an
 * abstract socket (unix(7)), which goes with the process, however that ends.
 */
static int lock_namespace(struct basalt_device *device, const char *address, uint32_t namespace)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	uint64_t hash = 14695981039346656037u; /* FNV-1a: a name has 107 bytes at most */

	for (const char *c = address; *c != '\0'; c++) {
		hash = (hash ^ (uint8_t)*c) * 1099511628211u;
	}
	const int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
	                            "basalt-spdk-%016" PRIx64 "-%u", hash, namespace);

	device->lock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (device->lock < 0) {
		return basalt_fail(errno, "socket(AF_UNIX): %s", strerror(errno));
	}
	if (bind(device->lock, (struct sockaddr *)&name,
	         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) != 0) {
		const int error = errno == EADDRINUSE ? EBUSY : errno;

		close(device->lock);
		return basalt_fail(error, "namespace %u of '%s' is open already, here or in another "
		                          "process", namespace, address);
	}
	return 0;
}

static int driver_open(const char *target, const char *options, struct basalt_device **opened)
{
	static const char *const names[] = {"no-huge", "mem-mb", "timeout-ms", NULL};
	struct basalt_device *device;
	char address[512];
	uint32_t namespace = 0;
	uint64_t timeout = 0;
	int result;

	if (basalt_check_options(options, names) < 0 ||
	    basalt_number_option(options, "timeout-ms", 10000, &timeout) < 0 ||
	    parse_target(target, address, sizeof(address), &namespace) < 0) {
		return -EINVAL;
	}
	if (timeout < 1 || timeout > 3600000) {
		return basalt_fail(EINVAL, "timeout-ms is %" PRIu64 ", needed: 1 to 3600000", timeout);
	}
	device = calloc(1, sizeof(*device));
	if (device == NULL) {
		return basalt_fail(ENOMEM, "no memory");
	}
	pthread_mutex_lock(&environment_lock);
	result = need_environment(options, strncmp(target, "vfio-user:", 10) == 0);
	if (result == 0) {
		result = connect_controller(address, timeout * 1000, &device->controller);
	}
	if (result == 0) {
		result = describe(device, target, namespace);
		if (result == 0) {
			result = lock_namespace(device, address, namespace);
		}
		if (result < 0) {
			leave_controller(device->controller);
		}
	}
	pthread_mutex_unlock(&environment_lock);
	if (result < 0) {
		free(device);
		return result;
	}
	*opened = device;
	return 0;
}

static void driver_close(struct basalt_device *device)
{
	pthread_mutex_lock(&environment_lock);
	leave_controller(device->controller);
	close(device->lock);
	pthread_mutex_unlock(&environment_lock);
	free(device);
}

static void driver_info(struct basalt_device *device, struct basalt_info *info)
{
	*info = device->info;
}

static int driver_dma_alloc(struct basalt_device *device, uint64_t bytes, void **address,
                            uint64_t *iova)
{
	(void)device;
	*address = bytes == 0 ? NULL : spdk_zmalloc(bytes, 4096, NULL, ANY_NODE, SPDK_MALLOC_DMA);
	*iova = UINT64_MAX; /* one range only where the IOMMU makes it one */
	return *address != NULL ? 0
	                        : basalt_fail(ENOMEM, "SPDK has no %" PRIu64 " bytes in one piece; it "
	                                              "needs more huge pages, or a larger mem-mb", bytes);
}

static void driver_dma_free(struct basalt_device *device, void *address)
{
	(void)device;
	spdk_free(address);
}

/* ---- queues ---- */

static void free_queue(struct basalt_queue *queue)
{
	if (queue->zeroes != NULL) {
		spdk_free(queue->zeroes);
	}
	free(queue->free);
	free(queue->slots);
	free(queue->completed);
	free(queue);
}

static int driver_queue_open(struct basalt_device *device, uint32_t depth,
                             struct basalt_queue **opened)
{
	struct spdk_nvme_io_qpair_opts options;
	struct basalt_queue *queue;

	if (depth < 1 || depth > device->info.queue_depth_max) {
		return basalt_fail(EINVAL, "depth is %u, needed: 1 to %u", depth,
		                   device->info.queue_depth_max);
	}
	queue = calloc(1, sizeof(*queue));
	if (queue == NULL) {
		return basalt_fail(ENOMEM, "no memory");
	}
	queue->device = device;
	queue->depth = depth;
	queue->free = calloc(depth, sizeof(struct slot *));
	queue->slots = calloc(depth, sizeof(*queue->slots));
	queue->completed = calloc(depth, sizeof(*queue->completed));
	if (!device->can_write_zeroes) {
		queue->zeroes = spdk_zmalloc(TRANSFER_BYTES_MAX, 4096, NULL, ANY_NODE, SPDK_MALLOC_DMA);
	}
	if (queue->free == NULL || queue->slots == NULL || queue->completed == NULL ||
	    (!device->can_write_zeroes && queue->zeroes == NULL)) {
		free_queue(queue);
		return basalt_fail(ENOMEM, "no memory for a queue of depth %u", depth);
	}
	for (uint32_t i = 0; i < depth; i++) {
		queue->slots[i].queue = queue;
		queue->free[queue->free_count++] = &queue->slots[i];
	}
	spdk_nvme_ctrlr_get_default_io_qpair_opts(device->controller->handle, &options,
	                                          sizeof(options));
	options.io_queue_size = depth + 1 < 2 ? 2 : depth + 1;
	options.io_queue_requests = 8 * depth + 64; /* a transfer may need several */
	options.delay_cmd_submit = true;            /* one doorbell for a batch */
	queue->pair = spdk_nvme_ctrlr_alloc_io_qpair(device->controller->handle, &options,
	                                             sizeof(options));
	if (queue->pair == NULL) {
		free_queue(queue);
		return basalt_fail(EBUSY, "the controller gives no further queue of depth %u", depth);
	}
	*opened = queue;
	return 0;
}

static void driver_queue_close(struct basalt_queue *queue)
{
	stop_if_failed(queue->device->controller);
	spdk_nvme_ctrlr_free_io_qpair(queue->pair); /* ends what is in flight, which calls complete() */
	free_queue(queue);
}

static void finish(struct slot *slot, uint32_t status)
{
	struct basalt_queue *queue = slot->queue;
	const uint32_t last = (queue->first_completed + queue->completed_count) % queue->depth;

	queue->completed[last].tag = slot->tag;
	queue->completed[last].status = status;
	queue->completed_count++;
	slot->start_ticks = 0;
	queue->free[queue->free_count++] = slot;
}

static int submit_part(struct slot *slot);

/* Called by SPDK, in a poll or when the queue is closed. */
static void complete(void *argument, const struct spdk_nvme_cpl *completion)
{
	struct slot *slot = argument;
	const struct spdk_nvme_status status = completion->status;

	if (spdk_nvme_cpl_is_error(completion)) {
		finish(slot, BASALT_STATUS(status.sct, status.sc) | (status.dnr ? 0u : BASALT_RETRYABLE));
	} else if (slot->left == 0) {
		finish(slot, BASALT_SUCCESS);
	} else if (submit_part(slot) != 0) {
		finish(slot, BASALT_INTERNAL_ERROR | BASALT_RETRYABLE);
	}
}

static void reset_pieces(void *argument, uint32_t offset)
{
	struct slot *slot = argument;

	slot->piece = 0;
	while (offset >= slot->pieces[slot->piece].length_bytes && offset > 0) {
		offset -= slot->pieces[slot->piece++].length_bytes;
	}
	slot->piece_offset = offset;
}

static int next_piece(void *argument, void **address, uint32_t *length)
{
	struct slot *slot = argument;
	const struct basalt_piece *piece = &slot->pieces[slot->piece++];

	*address = (void *)(uintptr_t)(piece->address + slot->piece_offset);
	*length = piece->length_bytes - slot->piece_offset;
	slot->piece_offset = 0;
	return 0;
}

/* Hands over what SPDK takes at once of a range that transfers nothing. */
static int submit_part(struct slot *slot)
{
	struct basalt_queue *queue = slot->queue;
	struct basalt_device *device = queue->device;
	const uint64_t most = slot->opcode == BASALT_DEALLOCATE ? DEALLOCATED_BLOCKS_MAX
	                      : device->can_write_zeroes
	                              ? ZEROED_BLOCKS_MAX
	                              : TRANSFER_BYTES_MAX / device->info.block_bytes;
	const uint32_t count = (uint32_t)(slot->left < most ? slot->left : most);
	const uint64_t lba = slot->lba;

	slot->lba += count;
	slot->left -= count;
	slot->start_ticks = spdk_get_ticks(); /* a later part may begin in a poll */
	if (slot->opcode == BASALT_DEALLOCATE) {
		struct spdk_nvme_dsm_range range = {.length = count, .starting_lba = lba};

		return spdk_nvme_ns_cmd_dataset_management(device->ns, queue->pair,
		                                           SPDK_NVME_DSM_ATTR_DEALLOCATE, &range, 1,
		                                           complete, slot);
	}
	return device->can_write_zeroes
	               ? spdk_nvme_ns_cmd_write_zeroes(device->ns, queue->pair, lba, count, complete,
	                                               slot, 0)
	               : spdk_nvme_ns_cmd_write(device->ns, queue->pair, queue->zeroes, lba, count,
	                                        complete, slot, 0);
}

static int submit_transfer(struct slot *slot, const struct basalt_command *command)
{
	struct basalt_queue *queue = slot->queue;
	struct spdk_nvme_ns *ns = queue->device->ns;
	void *data = (void *)(uintptr_t)command->address;
	const uint32_t count = (uint32_t)command->block_count;
	const uint32_t flags = (command->flags & BASALT_FORCE_UNIT_ACCESS) != 0
	                               ? SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS
	                               : 0;
	const bool is_vectored = command->piece_count > 0;

	slot->pieces = data;
	slot->start_ticks = slot->queue->now_ticks;
	switch (command->opcode) {
	case BASALT_READ:
		return is_vectored ? spdk_nvme_ns_cmd_readv(ns, queue->pair, command->lba, count, complete,
		                                            slot, 0, reset_pieces, next_piece)
		                   : spdk_nvme_ns_cmd_read(ns, queue->pair, data, command->lba, count,
		                                           complete, slot, 0);
	case BASALT_WRITE:
		return is_vectored ? spdk_nvme_ns_cmd_writev(ns, queue->pair, command->lba, count,
		                                             complete, slot, flags, reset_pieces,
		                                             next_piece)
		                   : spdk_nvme_ns_cmd_write(ns, queue->pair, data, command->lba, count,
		                                            complete, slot, flags);
	default:
		return is_vectored ? spdk_nvme_ns_cmd_comparev(ns, queue->pair, command->lba, count,
		                                               complete, slot, 0, reset_pieces,
		                                               next_piece)
		                   : spdk_nvme_ns_cmd_compare(ns, queue->pair, data, command->lba, count,
		                                              complete, slot, 0);
	}
}

/* SPDK asks for pieces until it has all bytes: too few would lead it past the list. */
static bool has_whole_list(const struct basalt_info *info, const struct basalt_command *command)
{
	const struct basalt_piece *pieces = (const struct basalt_piece *)(uintptr_t)command->address;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < command->piece_count; i++) {
		bytes += pieces[i].length_bytes;
	}
	return command->piece_count == 0 || bytes == command->block_count * info->block_bytes;
}

/* Returns a status for a command that must not be handed over, or success. */
static uint32_t refusal(const struct basalt_device *device, const struct basalt_command *command)
{
	const struct basalt_info *info = &device->info;

	switch (command->opcode) {
	case BASALT_FLUSH:
		return BASALT_SUCCESS;
	case BASALT_COMPARE:
		if (!device->can_compare) {
			return BASALT_INVALID_OPCODE;
		}
		/* fall through */
	case BASALT_READ:
	case BASALT_WRITE:
		if (command->block_count > TRANSFER_BYTES_MAX / info->block_bytes ||
		    command->piece_count > PIECES_MAX || !has_whole_list(info, command)) {
			return BASALT_INVALID_FIELD;
		}
		break;
	case BASALT_WRITE_ZEROES:
	case BASALT_DEALLOCATE:
		break;
	default:
		return BASALT_INVALID_OPCODE;
	}
	return basalt_is_in_range(info, command) ? BASALT_SUCCESS : BASALT_LBA_OUT_OF_RANGE;
}

/* Hands one command over; returns 0, or -ENOMEM when the queue has no room now. */
static int submit_one(struct basalt_queue *queue, const struct basalt_command *command)
{
	struct basalt_device *device = queue->device;
	struct slot *slot = queue->free[queue->free_count - 1];
	uint32_t status = queue->is_gone ? BASALT_DEVICE_GONE : refusal(device, command);
	int result = 0;

	queue->free_count--;
	slot->tag = command->tag;
	slot->opcode = command->opcode;
	slot->left = 0;
	if (status == BASALT_SUCCESS && command->opcode == BASALT_DEALLOCATE &&
	    !device->can_deallocate) {
		finish(slot, BASALT_SUCCESS); /* a hint that nobody would hear */
		return 0;
	}
	if (status != BASALT_SUCCESS) {
		finish(slot, status);
		return 0;
	}
	switch (command->opcode) {
	case BASALT_FLUSH:
		slot->start_ticks = slot->queue->now_ticks;
		result = spdk_nvme_ns_cmd_flush(device->ns, queue->pair, complete, slot);
		break;
	case BASALT_WRITE_ZEROES:
	case BASALT_DEALLOCATE:
		slot->lba = command->lba;
		slot->left = command->block_count;
		result = submit_part(slot);
		break;
	default:
		result = submit_transfer(slot, command);
	}
	/* Without memory it waits for room, which a command in flight will make. */
	if (result == -ENOMEM && queue->free_count + 1 < queue->depth) {
		slot->start_ticks = 0;
		queue->free[queue->free_count++] = slot;
		return result;
	}
	if (result == -ENOMEM) {
		finish(slot, BASALT_WITH_ERRNO(BASALT_INTERNAL_ERROR | BASALT_RETRYABLE, ENOMEM));
	} else if (result != 0) {
		finish(slot, result == -ENXIO ? BASALT_ABORTED_BY_RESET
		                              : BASALT_WITH_ERRNO(BASALT_INTERNAL_ERROR, -result));
	}
	return 0;
}

/* Gives the controller up when a command has taken twice its time: its abort did not help. */
static void give_up_if_late(struct basalt_queue *queue)
{
	struct controller *controller = queue->device->controller;
	const uint64_t now = spdk_get_ticks();
	const uint64_t timeout = controller->timeout_us * spdk_get_ticks_hz() / 1000000;

	if (now < queue->check_ticks) {
		return;
	}
	queue->check_ticks = now + timeout / 4;
	for (uint32_t i = 0; i < queue->depth; i++) {
		const uint64_t start = queue->slots[i].start_ticks;

		if (start != 0 && now - start > 2 * timeout) {
			give_up(controller);
			return;
		}
	}
}

/* Lets SPDK ring the doorbell and complete; a connection that has ended is tried once more. */
static void process(struct basalt_queue *queue)
{
	struct controller *controller = queue->device->controller;
	const int count = queue->is_gone ? 0 : spdk_nvme_qpair_process_completions(queue->pair, 0);

	if (count > 0 || queue->is_gone) {
		return;
	}
	if (count == 0) {
		give_up_if_late(queue);
		return;
	}
	stop_if_failed(controller);
	spdk_nvme_ctrlr_disconnect_io_qpair(queue->pair);
	if (spdk_nvme_ctrlr_is_failed(controller->handle) ||
	    spdk_nvme_ctrlr_reconnect_io_qpair(queue->pair) != 0) {
		queue->is_gone = true;
		stop_if_failed(controller);
		/* Ends what is in flight, which not every transport does when it is disconnected. */
		spdk_nvme_ctrlr_free_io_qpair(queue->pair);
		queue->pair = NULL;
	}
}

static int driver_queue_submit(struct basalt_queue *queue, const struct basalt_command *commands,
                               uint32_t count)
{
	uint32_t taken = 0;

	queue->now_ticks = spdk_get_ticks(); /* once for a batch */
	while (taken < count && queue->free_count > queue->completed_count &&
	       submit_one(queue, &commands[taken]) == 0) {
		taken++;
	}
	if (taken > 0) {
		process(queue);
	}
	return (int)taken;
}

static int driver_queue_poll(struct basalt_queue *queue, struct basalt_completion *completions,
                             uint32_t max)
{
	uint32_t delivered = 0;

	if (queue->free_count < queue->depth) {
		process(queue);
	}
	while (delivered < max && queue->completed_count > 0) {
		completions[delivered++] = queue->completed[queue->first_completed];
		queue->first_completed = (queue->first_completed + 1) % queue->depth;
		queue->completed_count--;
	}
	return (int)delivered;
}

static const struct basalt_driver driver = {
	BASALT_DRIVER_SIZES,
	.name = "spdk",
	.library = SPDK_VERSION_STRING,
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
	return &driver;
}
