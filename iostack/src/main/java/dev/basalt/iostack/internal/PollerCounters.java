// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.IoStackStatistics;
import dev.basalt.iostack.IoStatus;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a poller has done.
 *
 * <p><b>Concurrency.</b> Written by the poller's thread alone (plain load, release store: no locked
 * instruction), read by any thread.
 */
final class PollerCounters {
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong writes = new AtomicLong();
  private final AtomicLong others = new AtomicLong();
  private final AtomicLong errors = new AtomicLong();
  private final AtomicLong batches = new AtomicLong();
  private final AtomicLong sleeps = new AtomicLong();

  void complete(IoCommand command, int status) {
    add(
        switch (command) {
          case READ, READ_VECTORED -> reads;
          case WRITE, WRITE_VECTORED -> writes;
          case FLUSH, DEALLOCATE, WRITE_ZEROES -> others;
        });
    if (status != IoStatus.SUCCESS) {
      add(errors);
    }
  }

  void batch() {
    add(batches);
  }

  void sleep() {
    add(sleeps);
  }

  IoStackStatistics snapshot(long roomWaits) {
    return new IoStackStatistics(
        reads.getAcquire(),
        writes.getAcquire(),
        others.getAcquire(),
        errors.getAcquire(),
        batches.getAcquire(),
        sleeps.getAcquire(),
        roomWaits);
  }

  private static void add(AtomicLong counter) {
    counter.setRelease(counter.getPlain() + 1);
  }
}
