/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of SPDK's interface as the driver over it uses, for the model of it in spdk_model.c: names
 * and meaning are SPDK's, layout and values are not. A real one is never needed to compile this.
 */
#ifndef BASALT_MODEL_NVME_H
#define BASALT_MODEL_NVME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPDK_VERSION_STRING "a model of SPDK"

/* ---- environment ---- */

#define SPDK_MALLOC_DMA 1u

struct spdk_env_opts {
	const char *name;
	const char *core_mask;
	void *env_context;
	size_t opts_size;
	int shm_id;
	int mem_size;
	bool no_huge;
	bool unlink_hugepage;
	bool hugepage_single_segments;
};

enum spdk_log_level { SPDK_LOG_ERROR };

struct spdk_pci_device;

void spdk_env_opts_init(struct spdk_env_opts *options);
int spdk_env_init(const struct spdk_env_opts *options);
void spdk_log_set_print_level(enum spdk_log_level level);
uint64_t spdk_get_ticks(void);
uint64_t spdk_get_ticks_hz(void);
void *spdk_zmalloc(size_t bytes, size_t alignment, uint64_t *iova, int node, uint32_t flags);
void spdk_free(void *memory);
int spdk_pci_device_cfg_read16(struct spdk_pci_device *device, uint16_t *value, uint32_t offset);
int spdk_pci_device_cfg_write16(struct spdk_pci_device *device, uint16_t value, uint32_t offset);

/* ---- controllers ---- */

enum spdk_nvme_transport_type {
	SPDK_NVME_TRANSPORT_PCIE,
	SPDK_NVME_TRANSPORT_TCP,
	SPDK_NVME_TRANSPORT_VFIOUSER
};

struct spdk_nvme_transport_id {
	enum spdk_nvme_transport_type trtype;
	char trstring[33];
};

union spdk_nvme_cap_register {
	uint64_t raw;
	struct {
		uint32_t mqes : 16;
	} bits;
};

union spdk_nvme_cc_register {
	uint32_t raw;
	struct {
		uint32_t en : 1;
	} bits;
};

union spdk_nvme_csts_register {
	uint32_t raw;
	struct {
		uint32_t rdy : 1;
	} bits;
};

struct spdk_nvme_registers {
	union spdk_nvme_cap_register cap;
	union spdk_nvme_cc_register cc;
	union spdk_nvme_csts_register csts;
};

struct spdk_nvme_ctrlr_data {
	char sn[20];
	char mn[40];
	char fr[8];
	uint16_t awupf;
	struct {
		uint8_t present : 1;
	} vwc;
};

struct spdk_nvme_status {
	uint16_t sc : 8;
	uint16_t sct : 3;
	uint16_t dnr : 1;
};

struct spdk_nvme_cpl {
	struct spdk_nvme_status status;
};

struct spdk_nvme_ctrlr;
struct spdk_nvme_ns;
struct spdk_nvme_qpair;
struct spdk_nvme_ctrlr_opts;

typedef void (*spdk_nvme_cmd_cb)(void *argument, const struct spdk_nvme_cpl *completion);
typedef void (*spdk_nvme_timeout_cb)(void *argument, struct spdk_nvme_ctrlr *controller,
                                     struct spdk_nvme_qpair *pair, uint16_t command_id);
typedef void (*spdk_nvme_req_reset_sgl_cb)(void *argument, uint32_t offset);
typedef int (*spdk_nvme_req_next_sge_cb)(void *argument, void **address, uint32_t *length);

static inline bool spdk_nvme_cpl_is_error(const struct spdk_nvme_cpl *completion)
{
	return completion->status.sc != 0 || completion->status.sct != 0;
}

int spdk_nvme_transport_id_parse(struct spdk_nvme_transport_id *id, const char *text);
bool spdk_nvme_transport_available_by_name(const char *name);
struct spdk_nvme_ctrlr *spdk_nvme_connect(const struct spdk_nvme_transport_id *id,
                                          const struct spdk_nvme_ctrlr_opts *options,
                                          size_t options_bytes);
int spdk_nvme_detach(struct spdk_nvme_ctrlr *controller);
void spdk_nvme_ctrlr_fail(struct spdk_nvme_ctrlr *controller);
bool spdk_nvme_ctrlr_is_failed(struct spdk_nvme_ctrlr *controller);
void spdk_nvme_ctrlr_register_timeout_callback(struct spdk_nvme_ctrlr *controller,
                                               uint64_t io_us, uint64_t admin_us,
                                               spdk_nvme_timeout_cb callback, void *argument);
int32_t spdk_nvme_ctrlr_process_admin_completions(struct spdk_nvme_ctrlr *controller);
int spdk_nvme_ctrlr_cmd_abort(struct spdk_nvme_ctrlr *controller, struct spdk_nvme_qpair *pair,
                              uint16_t command_id, spdk_nvme_cmd_cb callback, void *argument);
const struct spdk_nvme_ctrlr_data *spdk_nvme_ctrlr_get_data(struct spdk_nvme_ctrlr *controller);
union spdk_nvme_cap_register spdk_nvme_ctrlr_get_regs_cap(struct spdk_nvme_ctrlr *controller);
volatile struct spdk_nvme_registers *
spdk_nvme_ctrlr_get_registers(struct spdk_nvme_ctrlr *controller);
struct spdk_pci_device *spdk_nvme_ctrlr_get_pci_device(struct spdk_nvme_ctrlr *controller);

/* ---- namespaces ---- */

enum spdk_nvme_csi { SPDK_NVME_CSI_NVM };

#define SPDK_NVME_NS_DEALLOCATE_SUPPORTED 1u
#define SPDK_NVME_NS_WRITE_ZEROES_SUPPORTED 2u
#define SPDK_NVME_NS_COMPARE_SUPPORTED 4u

struct spdk_nvme_ns_data {
	struct {
		uint8_t ns_atomic_write_unit : 1;
	} nsfeat;
	uint16_t nawupf;
	uint16_t nabspf;
};

struct spdk_nvme_ns *spdk_nvme_ctrlr_get_ns(struct spdk_nvme_ctrlr *controller, uint32_t id);
uint32_t spdk_nvme_ctrlr_get_first_active_ns(struct spdk_nvme_ctrlr *controller);
bool spdk_nvme_ns_is_active(struct spdk_nvme_ns *ns);
enum spdk_nvme_csi spdk_nvme_ns_get_csi(const struct spdk_nvme_ns *ns);
uint32_t spdk_nvme_ns_get_md_size(struct spdk_nvme_ns *ns);
uint32_t spdk_nvme_ns_get_sector_size(struct spdk_nvme_ns *ns);
uint32_t spdk_nvme_ns_get_flags(struct spdk_nvme_ns *ns);
uint64_t spdk_nvme_ns_get_num_sectors(struct spdk_nvme_ns *ns);
const struct spdk_nvme_ns_data *spdk_nvme_ns_get_data(struct spdk_nvme_ns *ns);
uint32_t spdk_nvme_ns_get_max_io_xfer_size(struct spdk_nvme_ns *ns);
uint32_t spdk_nvme_ns_get_optimal_io_boundary(struct spdk_nvme_ns *ns);

/* ---- queue pairs and commands ---- */

#define SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS 1u
#define SPDK_NVME_DSM_ATTR_DEALLOCATE 4u

struct spdk_nvme_io_qpair_opts {
	uint32_t io_queue_size;
	uint32_t io_queue_requests;
	bool delay_cmd_submit;
};

struct spdk_nvme_dsm_range {
	uint32_t length;
	uint64_t starting_lba;
};

void spdk_nvme_ctrlr_get_default_io_qpair_opts(struct spdk_nvme_ctrlr *controller,
                                               struct spdk_nvme_io_qpair_opts *options,
                                               size_t bytes);
struct spdk_nvme_qpair *
spdk_nvme_ctrlr_alloc_io_qpair(struct spdk_nvme_ctrlr *controller,
                               const struct spdk_nvme_io_qpair_opts *options, size_t bytes);
int spdk_nvme_ctrlr_free_io_qpair(struct spdk_nvme_qpair *pair);
void spdk_nvme_ctrlr_disconnect_io_qpair(struct spdk_nvme_qpair *pair);
int spdk_nvme_ctrlr_reconnect_io_qpair(struct spdk_nvme_qpair *pair);
int32_t spdk_nvme_qpair_process_completions(struct spdk_nvme_qpair *pair, uint32_t max);

int spdk_nvme_ns_cmd_read(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, void *data,
                          uint64_t lba, uint32_t count, spdk_nvme_cmd_cb callback, void *argument,
                          uint32_t flags);
int spdk_nvme_ns_cmd_write(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, void *data,
                           uint64_t lba, uint32_t count, spdk_nvme_cmd_cb callback, void *argument,
                           uint32_t flags);
int spdk_nvme_ns_cmd_compare(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, void *data,
                             uint64_t lba, uint32_t count, spdk_nvme_cmd_cb callback,
                             void *argument, uint32_t flags);
int spdk_nvme_ns_cmd_readv(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, uint64_t lba,
                           uint32_t count, spdk_nvme_cmd_cb callback, void *argument,
                           uint32_t flags, spdk_nvme_req_reset_sgl_cb reset,
                           spdk_nvme_req_next_sge_cb next);
int spdk_nvme_ns_cmd_writev(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, uint64_t lba,
                            uint32_t count, spdk_nvme_cmd_cb callback, void *argument,
                            uint32_t flags, spdk_nvme_req_reset_sgl_cb reset,
                            spdk_nvme_req_next_sge_cb next);
int spdk_nvme_ns_cmd_comparev(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair, uint64_t lba,
                              uint32_t count, spdk_nvme_cmd_cb callback, void *argument,
                              uint32_t flags, spdk_nvme_req_reset_sgl_cb reset,
                              spdk_nvme_req_next_sge_cb next);
int spdk_nvme_ns_cmd_flush(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair,
                           spdk_nvme_cmd_cb callback, void *argument);
int spdk_nvme_ns_cmd_write_zeroes(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair,
                                  uint64_t lba, uint32_t count, spdk_nvme_cmd_cb callback,
                                  void *argument, uint32_t flags);
int spdk_nvme_ns_cmd_dataset_management(struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *pair,
                                        uint32_t type, const struct spdk_nvme_dsm_range *ranges,
                                        uint16_t count, spdk_nvme_cmd_cb callback,
                                        void *argument);

#endif
