// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/**
 * Shows how far a load is, with rate and time left, on a terminal; silent anywhere else.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
final class Progress {
  private static final long INTERVAL_NANOS = Duration.ofMillis(250).toNanos();
  private static final int RECORDS_PER_LOOK = 256;

  private final PrintWriter err;
  private final boolean isShown;
  private final long byteCountTotal;
  private final long startNanos = System.nanoTime();
  private long shownNanos = startNanos;
  private long recordCount;
  private long byteCount;

  /**
   * Creates the display.
   *
   * @param streams where it goes
   * @param byteCountTotal length of the input in bytes, -1 when unknown
   */
  Progress(Streams streams, long byteCountTotal) {
    this.err = streams.err();
    this.isShown = streams.isTerminal();
    this.byteCountTotal = byteCountTotal;
  }

  /** Counts what is read from a stream. */
  InputStream counting(InputStream stream) {
    return new FilterInputStream(stream) {
      @Override
      public int read() throws IOException {
        int value = super.read();
        byteCount += value < 0 ? 0 : 1;
        return value;
      }

      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        int count = super.read(target, offset, length);
        byteCount += Math.max(count, 0);
        return count;
      }
    };
  }

  /** Counts a record and shows the progress now and then. */
  void record() {
    recordCount++;
    if (isShown && recordCount % RECORDS_PER_LOOK == 0) {
      long now = System.nanoTime();
      if (now - shownNanos >= INTERVAL_NANOS) {
        shownNanos = now;
        show();
      }
    }
  }

  /** Removes the display. */
  void end() {
    if (isShown && shownNanos != startNanos) {
      err.print("\r\u001b[K");
      err.flush();
    }
  }

  long byteCount() {
    return byteCount;
  }

  double seconds() {
    return (System.nanoTime() - startNanos) / 1e9;
  }

  private void show() {
    double seconds = seconds();
    String line =
        String.format(
            Locale.ROOT,
            "%,d records  %,.0f/s  %.1f MB/s",
            recordCount,
            recordCount / seconds,
            byteCount / seconds / 1e6);
    if (byteCountTotal > 0 && byteCount > 0) {
      double left = seconds * (byteCountTotal - byteCount) / byteCount;
      line +=
          String.format(
              Locale.ROOT,
              "  %.0f%%  %s left",
              100.0 * byteCount / byteCountTotal,
              clock(Math.round(left)));
    }
    err.print("\r" + line + "\u001b[K");
    err.flush();
  }

  private static String clock(long seconds) {
    return String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
  }
}
