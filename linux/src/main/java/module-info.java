// SPDX-License-Identifier: Apache-2.0
/** The Linux kernel through FFM: virtual memory, io_uring, files, affinity. */
module dev.basalt.linux {
  requires static transitive org.jspecify;

  exports dev.basalt.linux;
}
