// SPDX-License-Identifier: Apache-2.0
/**
 * What the index is made of: nodes ({@link dev.basalt.index.internal.Node} first, the layout), the
 * space map, structure changes and their redo. Everything here works on absolute page addresses
 * that the caller has latched, or validates afterwards.
 */
@NullMarked
package dev.basalt.index.internal;

import org.jspecify.annotations.NullMarked;
