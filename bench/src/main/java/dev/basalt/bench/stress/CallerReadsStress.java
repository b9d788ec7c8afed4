// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.basalt.bench.NullDevice;
import dev.basalt.iostack.BlockReader;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.internal.CallerReads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Stress tests of {@link CallerReads}: who has a reader, and when readers are closed. */
public final class CallerReadsStress {
  private CallerReadsStress() {}

  private static CallerReads open(List<Reader> readers) {
    try {
      return Objects.requireNonNull(
          CallerReads.open(NullDevice.withReaders(() -> add(readers)), 1, new UnspunExecution()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Reader add(List<Reader> readers) {
    readers.add(new Reader());
    return readers.getLast();
  }

  private static boolean tryRead(CallerReads reads) {
    try {
      return reads.tryRead(0, 1, 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Counts its reads without any order of its own, and those after its end. */
  private static final class Reader implements BlockReader {
    private int reads;
    private int lateReads;
    private boolean isClosed;

    @Override
    public boolean mayWait() {
      return false;
    }

    @Override
    public int read(long lba, int lbaCount, long address) {
      reads++;
      if (isClosed) {
        lateReads++;
      }
      return IoStatus.SUCCESS;
    }

    @Override
    public void close() {
      isClosed = true;
    }
  }

  /** Should never give one reader to two callers at once. */
  @JCStressTest
  @Outcome(id = "2, 2, 2", expect = ACCEPTABLE, desc = "one after the other")
  @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "the reader was taken: to a poller")
  @Outcome(id = ".*", expect = FORBIDDEN, desc = "two had the one reader")
  @State
  public static class Claim {
    private final List<Reader> readers = new ArrayList<>();
    private final CallerReads reads = open(readers);

    @Actor
    public void first(III_Result result) {
      result.r1 = tryRead(reads) ? 1 : 0;
    }

    @Actor
    public void second(III_Result result) {
      result.r2 = tryRead(reads) ? 1 : 0;
    }

    @Arbiter
    public void count(III_Result result) {
      result.r1 += result.r2;
      result.r2 = readers.getFirst().reads;
      result.r3 = (int) reads.statistics().reads();
    }
  }

  /** Should never read with a reader that is closed. */
  @JCStressTest
  @Outcome(id = "0", expect = ACCEPTABLE, desc = "read before the end, or sent to a poller")
  @Outcome(id = "1", expect = FORBIDDEN, desc = "read after the end")
  @State
  public static class Close {
    private final List<Reader> readers = new ArrayList<>();
    private final CallerReads reads = open(readers);

    @Actor
    public void reader() {
      tryRead(reads);
    }

    @Actor
    public void closer() {
      reads.close();
    }

    @Arbiter
    public void late(I_Result result) {
      result.r1 = readers.stream().mapToInt(reader -> reader.lateReads).sum();
    }
  }
}
