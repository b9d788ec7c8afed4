// SPDX-License-Identifier: Apache-2.0
/**
 * Takes an NVMe device from its kernel driver for user space, and gives it back. Read {@code
 * BindCheck} first: when a device may be taken; then {@code DriverBinding}: how. {@code
 * scripts/nvme-bind} is the same in shell; change the two together. Runs on its caller's thread.
 */
@NullMarked
package dev.basalt.linux.binding;

import org.jspecify.annotations.NullMarked;
