// SPDX-License-Identifier: Apache-2.0
/**
 * The Linux kernel through the Foreign Function and Memory API: virtual memory, io_uring, files,
 * affinity. All restricted calls of Basalt are here, so that only this module needs native access.
 * No policy and no threads; every method runs on its caller's. Read {@code Syscall} first.
 */
@NullMarked
package dev.basalt.linux;

import org.jspecify.annotations.NullMarked;
