// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class RequestPoolTest {
  @Test
  void shouldCountFreeRequests() {
    RequestPool pool = new RequestPool(3);
    assertTrue(pool.isWhole());
    int first = pool.tryAcquire();
    int second = pool.tryAcquire();
    int third = pool.tryAcquire();
    assertEquals(-1, pool.tryAcquire());
    assertEquals(3, first + second + third);
    assertTrue(pool.isEmpty());
    pool.release(second);
    assertFalse(pool.isEmpty());
    assertEquals(second, pool.tryAcquire());
    pool.release(first);
    pool.release(second);
    pool.release(third);
    assertTrue(pool.isWhole());
  }

  /** Threads take and give back; a request must never have two owners, none may be lost. */
  @Test
  void shouldGiveEachRequestToOneOwner() throws InterruptedException {
    RequestPool pool = new RequestPool(3);
    AtomicIntegerArray owners = new AtomicIntegerArray(pool.size());
    LongAdder doubled = new LongAdder();
    Thread[] threads = new Thread[4];
    for (int i = 0; i < threads.length; i++) {
      threads[i] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int round = 0; round < 100_000; round++) {
                      int index = pool.tryAcquire();
                      if (index >= 0) {
                        if (owners.incrementAndGet(index) != 1) {
                          doubled.increment();
                        }
                        owners.decrementAndGet(index);
                        pool.release(index);
                      }
                    }
                  });
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(0, doubled.sum());
    assertTrue(pool.isWhole());
  }
}
