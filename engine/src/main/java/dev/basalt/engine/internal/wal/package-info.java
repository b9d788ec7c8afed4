// SPDX-License-Identifier: Apache-2.0
/**
 * The write-ahead log: superblocks, records, the log writer, log space and the log's reader.
 *
 * <p>Appenders are the threads of the engine's callers; one agent, the log writer, moves what they
 * appended to the device. Read {@code Wal} first, then {@code RecordDescriptor}.
 */
@NullMarked
package dev.basalt.engine.internal.wal;

import org.jspecify.annotations.NullMarked;
