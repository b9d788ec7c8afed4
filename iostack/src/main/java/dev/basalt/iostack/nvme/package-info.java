// SPDX-License-Identifier: Apache-2.0
/** What NVMe controllers say of themselves. */
@NullMarked
package dev.basalt.iostack.nvme;

import org.jspecify.annotations.NullMarked;
