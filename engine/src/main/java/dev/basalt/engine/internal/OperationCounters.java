// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How many operations a slot has carried out.
 *
 * <p><b>Concurrency.</b> Written by the slot's operation, opaque; read by any thread, each number
 * by itself.
 */
final class OperationCounters {
  static final int GETS = 0;
  static final int PUTS = 1;
  static final int DELETES = 2;
  static final int BATCHES = 3;
  static final int CONDITIONAL = 4;
  static final int COUNT = 5;

  private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);

  private final long[] counts = new long[COUNT];

  void increment(int which) {
    add(which, 1);
  }

  void add(int which, int operations) {
    ELEMENT.setOpaque(counts, which, counts[which] + operations);
  }

  long get(int which) {
    return (long) ELEMENT.getOpaque(counts, which);
  }
}
