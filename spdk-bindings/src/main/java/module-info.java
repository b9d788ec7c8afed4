// SPDX-License-Identifier: Apache-2.0
/** Drivers in C, such as those over SPDK and xNVMe, through one interface. */
module dev.basalt.spdk {
  requires static transitive org.jspecify;
  requires transitive dev.basalt.linux;

  exports dev.basalt.spdk;
}
