// SPDX-License-Identifier: Apache-2.0
/** The Linux kernel through FFM: virtual memory, io_uring, files, affinity. */
@NullMarked
package dev.basalt.linux;

import org.jspecify.annotations.NullMarked;
