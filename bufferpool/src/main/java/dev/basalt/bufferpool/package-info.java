// SPDX-License-Identifier: Apache-2.0
/** The vmcache buffer pool. */
@NullMarked
package dev.basalt.bufferpool;

import org.jspecify.annotations.NullMarked;
