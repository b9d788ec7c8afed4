// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What the log writer has done.
 *
 * <p><b>Concurrency.</b> Written by the log writer, opaque; read by any thread, each number by
 * itself.
 */
final class LogWriterCounters {
  private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);
  private static final int WRITES = 0;
  private static final int WRITTEN_BYTES = 1;
  private static final int FLUSHES = 2;
  private static final int GROUPS = 3;
  private static final int DURABLE_BYTES = 4;

  private final long[] counts = new long[DURABLE_BYTES + 1];

  void write(long bytes) {
    add(WRITES, 1);
    add(WRITTEN_BYTES, bytes);
  }

  void flush() {
    add(FLUSHES, 1);
  }

  void group(long bytes) {
    add(GROUPS, 1);
    add(DURABLE_BYTES, bytes);
  }

  long writes() {
    return get(WRITES);
  }

  long writtenBytes() {
    return get(WRITTEN_BYTES);
  }

  long flushes() {
    return get(FLUSHES);
  }

  long groups() {
    return get(GROUPS);
  }

  long durableBytes() {
    return get(DURABLE_BYTES);
  }

  private void add(int index, long amount) {
    COUNT.setOpaque(counts, index, counts[index] + amount);
  }

  private long get(int index) {
    return (long) COUNT.getOpaque(counts, index);
  }
}
