// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

/** The workers by name; the name travels on the command line. */
enum WorkerKind {
  DEVICE_READS,
  LMDB_GETS,
  STORE_LOAD,
  STORE_GETS,
  NVME_DRIVER_READS,
  DRIVER_READS,
  HOT_UPDATES,
  POOL_USE,
  MULTI_GETS,
  PEER;

  Worker create() {
    return switch (this) {
      case PEER -> new PeerWorker();
      case DEVICE_READS -> new DeviceReads();
      case LMDB_GETS -> new LmdbGets();
      case STORE_LOAD -> new StoreLoad();
      case STORE_GETS -> new StoreGets();
      case NVME_DRIVER_READS -> new NvmeDriverReads();
      case DRIVER_READS -> new DriverReads();
      case MULTI_GETS -> new MultiGets();
      case POOL_USE -> new PoolUse();
      case HOT_UPDATES -> new HotUpdates();
    };
  }
}
