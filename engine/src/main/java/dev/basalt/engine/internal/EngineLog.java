// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.bufferpool.LogGate;
import dev.basalt.engine.internal.wal.Wal;
import dev.basalt.index.StructureChange;
import dev.basalt.index.StructureLog;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The log as the pool and the index see it. While the store recovers it notes which runs the
 * structure records end; the tests' broken WAL rule is here too.
 *
 * <p><b>Concurrency.</b> As {@link Wal}; the noting is switched on and off while one thread
 * recovers.
 */
final class EngineLog implements LogGate, StructureLog {
  private final Wal wal;
  private final boolean walRule;
  private @Nullable Set<Long> endedRuns;

  EngineLog(Wal wal, EngineSwitches switches) {
    this.wal = wal;
    walRule = switches.walRule();
  }

  /** Starts to note the runs that records end; returns where. */
  Set<Long> noteEndedRuns() {
    Set<Long> noted = new HashSet<>();
    endedRuns = noted;
    return noted;
  }

  /** Ends what {@link #noteEndedRuns} began. */
  void noteNothing() {
    endedRuns = null;
  }

  @Override
  public long durableLsn() {
    return walRule ? wal.durableLsn() : Long.MAX_VALUE;
  }

  @Override
  public void requestDurable(long lsn) {
    wal.requestDurable(lsn);
  }

  @Override
  public void check() throws IOException {
    wal.check();
  }

  @Override
  public void awaitDurable(long lsn) throws IOException {
    if (walRule) {
      wal.awaitDurable(lsn);
    }
  }

  @Override
  public long imageHorizon() {
    return wal.imageHorizon();
  }

  @Override
  public long enterChange() {
    return wal.enterChange();
  }

  @Override
  public void exitChange(long token) {
    wal.exitChange(token);
  }

  @Override
  public int recordBytesMax() {
    return wal.recordBytesMax();
  }

  @Override
  public void changeLost() {
    wal.changeLost();
  }

  @Override
  public long append(StructureChange change) throws IOException {
    long lsn = wal.append(change);
    Set<Long> noted = endedRuns;
    if (noted != null) {
      for (int i = 0; i < change.endedRunCount(); i++) {
        noted.add(change.endedRun(i));
      }
    }
    return lsn;
  }
}
