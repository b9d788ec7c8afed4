// SPDX-License-Identifier: Apache-2.0
/** The Linux kernel through FFM: virtual memory, io_uring, files, affinity; what the host is. */
module dev.basalt.linux {
  requires static transitive org.jspecify;

  exports dev.basalt.linux;
  exports dev.basalt.linux.binding;
  exports dev.basalt.linux.doctor;
  exports dev.basalt.linux.host;
}
