// SPDX-License-Identifier: Apache-2.0
/**
 * What the kernel says about this host: PCI functions, NVMe devices, who uses them, IOMMU, huge
 * pages. Reads files below a root that tests fake; changes nothing and decides nothing. All of it
 * is immutable or read once, and runs on its caller's thread. Read {@code NvmeDevices} first.
 */
@NullMarked
package dev.basalt.linux.host;

import org.jspecify.annotations.NullMarked;
