// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.basalt.bufferpool.internal.PageMemory;
import dev.basalt.engine.internal.wal.AppendLatch;
import dev.basalt.engine.internal.wal.InFlightTable;
import dev.basalt.engine.internal.wal.LogBuffer;
import dev.basalt.engine.internal.wal.LogFailedException;
import dev.basalt.engine.internal.wal.LogProgress;
import dev.basalt.iostack.agent.ParkingLot;
import java.lang.foreign.Arena;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Stress tests of the log's shared parts: {@link AppendLatch}, {@link LogBuffer}, {@link
 * LogProgress}, {@link InFlightTable}. A lost wake-up shows as a test that does not end.
 */
public final class WalStress {
  private static final UnspunExecution EXECUTION = new UnspunExecution();
  private static final int RECORD_BYTES = Integer.BYTES;

  private WalStress() {}

  /** Should never let two appenders at once, nor leave one of them waiting. */
  @JCStressTest
  @Outcome(id = "1", expect = FORBIDDEN, desc = "two holders at once")
  @Outcome(id = "2", expect = ACCEPTABLE, desc = "one after the other")
  @State
  public static class Append {
    private final AppendLatch latch = new AppendLatch(new ParkingLot(EXECUTION), 0);
    private int count;

    @Actor
    public void first() {
      increment();
    }

    @Actor
    public void second() {
      increment();
    }

    @Arbiter
    public void result(I_Result result) {
      result.r1 = count;
    }

    private void increment() {
      latch.latch();
      count++;
      latch.unlatch();
    }
  }

  /** Should never show the log writer an end whose bytes it does not see. */
  @JCStressTest
  @Outcome(id = "0", expect = FORBIDDEN, desc = "other bytes before the end")
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "the record")
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "nothing yet, or overtaken by the ring")
  @State
  public static class Publish {
    // Native memory, so one for all states: the log goes on from each to the next.
    private static final LogBuffer BUFFER = new LogBuffer(1 << 16, 0);
    private static final long RECORD = Arena.global().allocate(RECORD_BYTES, 8).address();

    @Actor
    public void appender() {
      long lsn = BUFFER.appendedLsn();
      PageMemory.putInt(RECORD, (int) lsn);
      BUFFER.put(lsn, RECORD, RECORD_BYTES);
      BUFFER.publish(lsn + RECORD_BYTES);
    }

    @Actor
    public void writer(I_Result result) {
      long lsn = BUFFER.appendedLsn() - RECORD_BYTES;
      if (lsn < 0) {
        result.r1 = -1;
        return;
      }
      int found = PageMemory.getInt(BUFFER.address(lsn));
      boolean isOvertaken = BUFFER.appendedLsn() - lsn > BUFFER.sizeBytes() / 2;
      result.r1 = isOvertaken ? -1 : found == (int) lsn ? 1 : 0;
    }
  }

  /** Should never leave a commit waiting whose record is durable. */
  @JCStressTest
  @Outcome(id = "2", expect = FORBIDDEN, desc = "failed without a failure")
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "acknowledged")
  @State
  public static class Durable {
    private final LogProgress progress = new LogProgress(new ParkingLot(EXECUTION), 0);

    @Actor
    public void commit(I_Result result) {
      result.r1 = await(progress);
    }

    @Actor
    public void writer() {
      progress.advance(100);
    }
  }

  /** Should never leave a commit waiting on a log that has failed, nor acknowledge it. */
  @JCStressTest
  @Outcome(id = "1", expect = FORBIDDEN, desc = "acknowledged, but not durable")
  @Outcome(id = "2", expect = ACCEPTABLE, desc = "told that the log has failed")
  @State
  public static class Failed {
    private final LogProgress progress = new LogProgress(new ParkingLot(EXECUTION), 0);

    @Actor
    public void commit(I_Result result) {
      result.r1 = await(progress);
    }

    @Actor
    public void writer() {
      progress.fail("a write failed", null);
    }
  }

  private static int await(LogProgress progress) {
    try {
      progress.await(0);
      return 1;
    } catch (LogFailedException e) {
      return 2;
    }
  }

  /** Should never let the applied sequence stop at a commit that is applied. */
  @JCStressTest
  @Outcome(id = "., ., 0", expect = FORBIDDEN, desc = "both commits left to the other")
  @Outcome(id = "., ., 1", expect = FORBIDDEN, desc = "the second left to the first")
  @Outcome(id = "0, 0, .", expect = FORBIDDEN, desc = "nobody was told that it moved")
  @Outcome(id = "., ., 2", expect = ACCEPTABLE, desc = "all are applied")
  @State
  public static class InFlight {
    private final InFlightTable table = new InFlightTable(4, 0);

    public InFlight() {
      table.register(10);
      table.register(20);
    }

    @Actor
    public void first(III_Result result) {
      result.r1 = table.complete(1) ? 1 : 0;
    }

    @Actor
    public void second(III_Result result) {
      result.r2 = table.complete(2) ? 1 : 0;
    }

    @Arbiter
    public void applied(III_Result result) {
      result.r3 = (int) table.applied();
    }
  }
}
