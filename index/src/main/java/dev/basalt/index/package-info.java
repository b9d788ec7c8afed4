// SPDX-License-Identifier: Apache-2.0
/** The optimistic B+tree and the page space. */
@NullMarked
package dev.basalt.index;

import org.jspecify.annotations.NullMarked;
