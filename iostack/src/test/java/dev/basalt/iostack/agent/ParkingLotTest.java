// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ParkingLotTest {
  private final ParkingLot lot = new ParkingLot(Execution.threads());

  @Test
  void shouldReturnAtOnceWhenNothingIsToWaitFor() {
    lot.awaitWhile(1, _ -> false, 0);
    assertTrue(lot.awaitWhile(1, _ -> false, 0, 0));
  }

  @Test
  void shouldGiveUpAfterTheTime() {
    long start = System.nanoTime();
    assertFalse(lot.awaitWhile(1, _ -> true, 0, 2_000_000));
    assertTrue(System.nanoTime() - start >= 2_000_000);
  }

  @Test
  void shouldKeepTheInterruptStatus() throws InterruptedException {
    AtomicInteger state = new AtomicInteger();
    List<Boolean> interrupted = new ArrayList<>();
    Thread waiter =
        Thread.ofPlatform()
            .start(
                () -> {
                  lot.awaitWhile(7, _ -> state.get() == 0, 0);
                  interrupted.add(Thread.currentThread().isInterrupted());
                });
    waiter.interrupt();
    state.set(1);
    lot.wakeAll(7);
    waiter.join();
    assertEquals(List.of(true), interrupted);
  }

  /** Two threads hand a number to and fro; a lost wake-up would stop them. */
  @Test
  void shouldNotLoseAWakeUpBetweenTwoThreads() throws InterruptedException {
    pingPong(Thread.ofPlatform(), 20_000);
    pingPong(Thread.ofVirtual(), 50_000);
  }

  /** Many virtual threads take permits that are given back with wakeOne. */
  @Test
  void shouldPassPermitsOnWithWakeOne() throws InterruptedException {
    AtomicInteger permits = new AtomicInteger(3);
    AtomicInteger holders = new AtomicInteger();
    AtomicInteger holdersMax = new AtomicInteger();
    AtomicLong done = new AtomicLong();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    for (int round = 0; round < 200; round++) {
                      acquire(permits);
                      holdersMax.accumulateAndGet(holders.incrementAndGet(), Math::max);
                      LockSupport.parkNanos(1);
                      holders.decrementAndGet();
                      permits.incrementAndGet();
                      lot.wakeOne(3);
                      done.incrementAndGet();
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(40_000, done.get());
    assertEquals(3, permits.get());
    assertTrue(holdersMax.get() <= 3);
  }

  private void acquire(AtomicInteger permits) {
    while (true) {
      int seen = permits.get();
      if (seen > 0 && permits.compareAndSet(seen, seen - 1)) {
        return;
      }
      if (seen == 0) {
        lot.awaitWhile(3, _ -> permits.get() == 0, 0);
      }
    }
  }

  private void pingPong(Thread.Builder builder, int rounds) throws InterruptedException {
    AtomicLong turn = new AtomicLong();
    Thread[] players = new Thread[2];
    for (int i = 0; i < players.length; i++) {
      int player = i;
      players[i] =
          builder.start(
              () -> {
                for (int round = 0; round < rounds; round++) {
                  lot.awaitWhile(player, me -> (turn.get() & 1) != me, player);
                  turn.incrementAndGet();
                  lot.wakeAll(1 - player);
                }
              });
    }
    for (Thread player : players) {
      player.join();
    }
    assertEquals(2L * rounds, turn.get());
  }
}
