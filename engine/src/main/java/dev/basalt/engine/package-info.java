// SPDX-License-Identifier: Apache-2.0
/** The store: tables, log, checkpoint and recovery. */
@NullMarked
package dev.basalt.engine;

import org.jspecify.annotations.NullMarked;
