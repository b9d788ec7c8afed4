// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

/**
 * Requests and structures of VFIO (include/uapi/linux/vfio.h) and iommufd
 * (include/uapi/linux/iommufd.h), which share their ioctl type: the ioctl numbers, the size that
 * each structure's {@code argsz} states, and where its fields are. All fields are in the machine's
 * byte order.
 */
final class VfioAbi {
  static final long GET_API_VERSION = 0x3b64;
  static final long CHECK_EXTENSION = 0x3b65;
  static final long SET_IOMMU = 0x3b66;
  static final long GROUP_GET_STATUS = 0x3b67;
  static final long GROUP_SET_CONTAINER = 0x3b68;
  static final long GROUP_GET_DEVICE_FD = 0x3b6a;
  static final long DEVICE_GET_INFO = 0x3b6b;
  static final long DEVICE_GET_REGION_INFO = 0x3b6c;
  static final long DEVICE_GET_IRQ_INFO = 0x3b6d;
  static final long DEVICE_SET_IRQS = 0x3b6e;
  static final long DEVICE_RESET = 0x3b6f;
  static final long IOMMU_GET_INFO = 0x3b70;
  static final long IOMMU_MAP_DMA = 0x3b71;
  static final long IOMMU_UNMAP_DMA = 0x3b72;

  static final long DEVICE_BIND_IOMMUFD = 0x3b76;
  static final long DEVICE_ATTACH_IOMMUFD = 0x3b77;

  static final long IOAS_ALLOC = 0x3b81;
  static final long IOAS_IOVA_RANGES = 0x3b84;
  static final long IOAS_MAP = 0x3b85;
  static final long IOAS_UNMAP = 0x3b86;

  static final int API_VERSION = 0;

  /** Second version of the type1 IOMMU: unmaps whole mappings only. */
  static final int TYPE1V2_IOMMU = 3;

  static final int BAR0_REGION = 0;
  static final int CONFIG_REGION = 7;
  static final int MSIX_IRQ = 2;

  /** {@code argsz} comes first, {@code flags} second, in every structure. */
  static final int ARGSZ = 0;

  static final int FLAGS = 4;

  static final int GROUP_STATUS_BYTES = 8;
  static final int GROUP_VIABLE = 1;

  static final int DEVICE_INFO_BYTES = 20;
  static final int DEVICE_CAN_RESET = 1;

  static final int REGION_INFO_BYTES = 32;
  static final int REGION_INDEX = 8;
  static final int REGION_SIZE = 16;
  static final int REGION_OFFSET = 24;
  static final int REGION_CAN_MAP = 4;

  static final int IRQ_INFO_BYTES = 16;
  static final int IRQ_INDEX = 8;
  static final int IRQ_COUNT = 12;

  static final int IRQ_SET_BYTES = 20;
  static final int IRQ_SET_START = 12;
  static final int IRQ_SET_COUNT = 16;
  static final int IRQ_SET_DATA = 20;
  static final int IRQ_DATA_NONE = 1;
  static final int IRQ_DATA_EVENTFD = 4;
  static final int IRQ_ACTION_TRIGGER = 32;

  static final int DMA_MAP_BYTES = 32;
  static final int DMA_MAP_ADDRESS = 8;
  static final int DMA_MAP_IOVA = 16;
  static final int DMA_MAP_SIZE = 24;
  static final int DMA_READ_AND_WRITE = 1 | 2;

  static final int DMA_UNMAP_BYTES = 24;
  static final int DMA_UNMAP_IOVA = 8;
  static final int DMA_UNMAP_SIZE = 16;

  static final int IOMMU_INFO_BYTES = 24;
  static final int IOMMU_INFO_HAS_CAPABILITIES = 2;
  static final int IOMMU_INFO_CAPABILITIES = 16;

  /** A capability: u16 id, u16 version, u32 offset of the next one or 0. */
  static final int CAPABILITY_NEXT = 4;

  static final int CAPABILITY_IOVA_RANGES = 1;
  static final int RANGES_COUNT = 8;
  static final int RANGES_FIRST = 16;
  static final int RANGE_BYTES = 16;

  static final int BIND_BYTES = 16;
  static final int BIND_IOMMUFD = 8;

  static final int ATTACH_BYTES = 12;
  static final int ATTACH_ID = 8;

  /** Structures of iommufd begin with their size, where those of VFIO have {@code argsz}. */
  static final int IOAS_ALLOC_BYTES = 12;

  static final int IOAS_ALLOC_ID = 8;

  static final int IOAS_RANGES_BYTES = 32;
  static final int IOAS_RANGES_ID = 4;
  static final int IOAS_RANGES_COUNT = 8;
  static final int IOAS_RANGES_ADDRESS = 16;

  static final int IOAS_MAP_BYTES = 40;
  static final int IOAS_MAP_ID = 8;
  static final int IOAS_MAP_ADDRESS = 16;
  static final int IOAS_MAP_LENGTH = 24;
  static final int IOAS_MAP_IOVA = 32;
  static final int IOAS_MAP_FIXED_READ_AND_WRITE = 1 | 2 | 4;

  static final int IOAS_UNMAP_BYTES = 24;
  static final int IOAS_UNMAP_ID = 4;
  static final int IOAS_UNMAP_IOVA = 8;
  static final int IOAS_UNMAP_LENGTH = 16;

  /** PCI command register (PCI Local Bus Specification 3.0, section 6.2.2). */
  static final int PCI_COMMAND = 4;

  static final int PCI_MEMORY_SPACE = 2;
  static final int PCI_BUS_MASTER = 4;
  static final int PCI_NO_PIN_INTERRUPTS = 0x400;

  private VfioAbi() {}
}
