// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PageLatchesTest {
  private static final int ROUNDS = 20_000;

  private final Arena arena = Arena.ofShared();
  private final PageStates states = new PageStates(arena.allocate(64, 8).address());
  private final Execution execution = Execution.threads();
  private final PageLatches latches =
      new PageLatches(states, new ParkingLot(execution), new PoolCounters(), execution);

  /** Guarded by the latch of page 0. */
  private long guarded;

  @AfterEach
  void free() {
    arena.close();
  }

  private void faultIn(long pageId) {
    assertTrue(states.tryFaultIn(pageId, states.word(pageId)));
    latches.unlatchExclusive(pageId, false);
  }

  @Test
  void shouldRefuseEvictedPages() {
    assertFalse(latches.latchShared(0));
    assertFalse(latches.tryLatchShared(0));
    assertFalse(latches.latchExclusive(0));
    assertFalse(latches.tryUpgrade(0, states.word(0)));
    assertEquals(PageStates.EVICTED, PageStates.state(latches.optimistic(0)));
  }

  @Test
  void shouldNotWaitInTry() {
    faultIn(0);
    assertTrue(latches.latchExclusive(0));
    assertFalse(latches.tryLatchShared(0));
    latches.unlatchExclusive(0, false);
    assertTrue(latches.tryLatchShared(0));
    assertFalse(latches.tryUpgrade(0, states.word(0)));
    latches.unlatchShared(0);
  }

  /** No wake-up is lost: a waiter that slept on would run into the time limit. */
  @Test
  void shouldAlwaysWakeWaiters() throws Exception {
    faultIn(0);
    List<Runnable> roles =
        List.of(this::exclusively, this::exclusively, this::shared, this::optimistically);
    try (ExecutorService threads = Executors.newFixedThreadPool(roles.size())) {
      List<Future<?>> running = new ArrayList<>();
      for (Runnable role : roles) {
        running.add(threads.submit(role));
      }
      for (Future<?> role : running) {
        role.get();
      }
    }
    assertEquals(2L * ROUNDS, guarded);
    assertEquals(PageStates.UNLOCKED, PageStates.state(states.word(0)));
  }

  private void exclusively() {
    for (int i = 0; i < ROUNDS; i++) {
      assertTrue(latches.latchExclusive(0));
      guarded++;
      if (i % 64 == 0) {
        execution.parkNanos(this, 1_000); // lets the others run into the latch
      }
      latches.unlatchExclusive(0, true);
    }
  }

  private void shared() {
    for (int i = 0; i < ROUNDS; i++) {
      assertTrue(latches.latchShared(0));
      long before = guarded;
      if (i % 64 == 0) {
        execution.parkNanos(this, 1_000);
      }
      assertEquals(before, guarded);
      latches.unlatchShared(0);
    }
  }

  private void optimistically() {
    for (int i = 0; i < ROUNDS; i++) {
      long token = latches.optimistic(0);
      assertTrue(PageStates.state(token) >= PageStates.UNLOCKED);
      if (latches.tryUpgrade(0, token)) {
        latches.unlatchExclusive(0, false);
      }
    }
  }
}
