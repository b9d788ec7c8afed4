// SPDX-License-Identifier: Apache-2.0
/**
 * The NVMe driver in Java: registers, queues, commands and recovery of one controller, over a
 * {@code NvmeBus} that reaches it. Start with {@code NvmeController}, then {@code NvmeQueuePair};
 * sections cited are those of the NVM Express Base Specification 2.0c and, where named so, the NVM
 * Command Set Specification 1.0c.
 */
@NullMarked
package dev.basalt.iostack.internal.nvme;

import org.jspecify.annotations.NullMarked;
