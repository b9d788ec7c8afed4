// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.bufferpool.LogGate;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A log in memory that keeps every structure record, and is durable at once. */
final class RecordingLog implements StructureLog, LogGate {
  /** A structure record. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Structure(long lsn, byte[] body) {}

  final List<Structure> records = new ArrayList<>();
  boolean isKeeping;
  volatile long horizon = Long.MIN_VALUE;
  int recordBytesMax = Integer.MAX_VALUE;
  boolean isRefusing;
  boolean isChangeLost;

  /** Whether a thread that is about to change pages, which it has latched, lets others run. */
  volatile boolean isYielding;

  private long nextLsn = 1;

  @Override
  public long imageHorizon() {
    return horizon;
  }

  @Override
  @SuppressWarnings("ThreadPriorityCheck") // only makes others meet the latch more often
  public long enterChange() {
    if (isYielding) {
      Thread.yield();
    }
    return 0;
  }

  @Override
  public void exitChange(long token) {}

  synchronized long nextLsn() {
    return nextLsn++;
  }

  @Override
  public synchronized long append(StructureChange change) {
    if (isRefusing) {
      throw new IllegalStateException("refused");
    }
    long lsn = nextLsn++;
    if (isKeeping) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment body = arena.allocate(change.lengthBytes(), 8);
        change.encode(body.address(), lsn);
        records.add(new Structure(lsn, body.toArray(ValueLayout.JAVA_BYTE)));
      }
    }
    return lsn;
  }

  @Override
  public int recordBytesMax() {
    return recordBytesMax;
  }

  @Override
  public void changeLost() {
    isChangeLost = true;
  }

  @Override
  public long durableLsn() {
    return Long.MAX_VALUE - 2;
  }

  @Override
  public void requestDurable(long lsn) {}

  @Override
  public void awaitDurable(long lsn) {}
}
