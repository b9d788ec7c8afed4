// SPDX-License-Identifier: Apache-2.0
/**
 * Reads records from tab-separated, CSV and JSON lines input, as they arrive, in one thread. Read
 * {@link dev.basalt.cli.input.RecordSource} first.
 */
@NullMarked
package dev.basalt.cli.input;

import org.jspecify.annotations.NullMarked;
