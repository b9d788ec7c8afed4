// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EvictionOrderTest {
  private final EvictionOrder order = new EvictionOrder();

  @Test
  void shouldGiveOldestFirst() {
    assertEquals(ResidentSet.NONE, order.pollPassed(0));
    order.passed(7);
    order.passed(0);
    assertEquals(7, order.pollPassed(0));
    assertEquals(0, order.pollPassed(0));
    assertEquals(ResidentSet.NONE, order.pollPassed(0));
  }

  @Test
  void shouldKeepTheNewest() {
    for (int i = 0; i < 5; i++) {
      order.passed(i);
    }
    assertEquals(0, order.pollPassed(3));
    assertEquals(1, order.pollPassed(3));
    assertEquals(ResidentSet.NONE, order.pollPassed(3));
    order.passed(5);
    assertEquals(2, order.pollPassed(3));
  }

  @Test
  void shouldForgetOldestWhenFull() {
    int extra = 5;
    for (int i = 0; i < EvictionOrder.RING_SLOTS + extra; i++) {
      order.passed(i);
    }
    for (int i = extra; i < EvictionOrder.RING_SLOTS + extra; i++) {
      assertEquals(i, order.pollPassed(0));
    }
    assertEquals(ResidentSet.NONE, order.pollPassed(0));
  }

  @Test
  void shouldGiveEachPageOnceToManyConsumers() throws Exception {
    int count = EvictionOrder.RING_SLOTS;
    List<Callable<List<Long>>> consumers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      order.passed(i);
    }
    for (int i = 0; i < 4; i++) {
      consumers.add(this::drain);
    }
    Set<Long> given = new TreeSet<>();
    int total = 0;
    try (ExecutorService threads = Executors.newFixedThreadPool(consumers.size())) {
      for (Future<List<Long>> future : threads.invokeAll(consumers)) {
        given.addAll(future.get());
        total += future.get().size();
      }
    }
    assertEquals(count, total);
    assertEquals(LongStream.range(0, count).boxed().toList(), List.copyOf(given));
  }

  private List<Long> drain() {
    List<Long> taken = new ArrayList<>();
    for (long id = order.pollPassed(0); id != ResidentSet.NONE; id = order.pollPassed(0)) {
      taken.add(id);
    }
    return taken;
  }
}
