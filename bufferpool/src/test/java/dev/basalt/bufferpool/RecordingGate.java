// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import java.util.concurrent.atomic.AtomicLong;

/** A log that is durable as far as the test says; a request counts, and may be granted at once. */
final class RecordingGate implements LogGate {
  final AtomicLong durable;
  final AtomicLong requests = new AtomicLong();

  /** Every how many requests one is granted; 0 for never. */
  private final int grantEvery;

  RecordingGate(long durable, int grantEvery) {
    this.durable = new AtomicLong(durable);
    this.grantEvery = grantEvery;
  }

  static RecordingGate open() {
    return new RecordingGate(Long.MAX_VALUE, 0);
  }

  @Override
  public long durableLsn() {
    return durable.get();
  }

  @Override
  public void requestDurable(long lsn) {
    long count = requests.incrementAndGet();
    if (grantEvery > 0 && count % grantEvery == 0) {
      durable.accumulateAndGet(lsn + 1, Math::max);
    }
  }

  @Override
  public void awaitDurable(long lsn) {
    throw new UnsupportedOperationException();
  }
}
