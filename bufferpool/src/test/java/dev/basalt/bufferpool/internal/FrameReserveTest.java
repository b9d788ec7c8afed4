// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class FrameReserveTest {
  private static final int FRAMES = 1600;
  private static final int TARGET = 100;

  private final FrameReserve reserve = reserve(FRAMES);

  private static FrameReserve reserve(int frameCount) {
    return reserve(new ResidentSet(frameCount));
  }

  private static FrameReserve reserve(ResidentSet resident) {
    return new FrameReserve(resident, new ParkingLot(Execution.threads()), new PoolFailure());
  }

  private void refill(int times) {
    for (int i = 0; i < times; i++) {
      reserve.noteRefill();
    }
  }

  @Test
  void shouldKeepTargetWithoutStalls() {
    refill(1000);
    assertEquals(TARGET, reserve.target());
  }

  @Test
  void shouldRaiseTargetOncePerRefillWithStalls() {
    reserve.noteStall();
    reserve.noteStall();
    assertEquals(TARGET, reserve.target());
    refill(1);
    assertEquals(150, reserve.target());
    refill(1);
    assertEquals(150, reserve.target());
  }

  @Test
  void shouldLimitRaisedTarget() {
    for (int i = 0; i < 20; i++) {
      reserve.noteStall();
      refill(1);
    }
    assertEquals(4 * TARGET, reserve.target());
  }

  @Test
  void shouldLowerRaisedTargetToWhatItWas() {
    reserve.noteStall();
    refill(1);
    refill(15);
    assertEquals(150, reserve.target());
    refill(1);
    assertEquals(132, reserve.target());
    reserve.noteStall();
    refill(1);
    assertEquals(198, reserve.target());
    refill(1000);
    assertEquals(TARGET, reserve.target());
  }

  @Test
  void shouldBeLowBelowHalfOfRaisedTarget() {
    reserve.noteStall();
    refill(1);
    for (long pageId = 0; !reserve.isLow(); pageId++) {
      assertEquals(pageId, reserve.tryTake(pageId));
    }
    assertEquals(FRAMES - 74, reserve.taken());
    assertEquals(150 - 74, reserve.missing());
  }

  /** The smallest pool keeps most of its frames for pages. */
  @Test
  void shouldNotTakeMoreThanQuarterOfSmallPool() {
    FrameReserve small = reserve(64);
    for (int i = 0; i < 20; i++) {
      small.noteStall();
      small.noteRefill();
    }
    assertEquals(16, small.target());
  }

  /** A page gets its own frame where that is free, and any other where it is not. */
  @Property(tries = 200)
  void shouldGiveEachFrameToOnePage(
      @ForAll @Size(max = 400) List<@IntRange(max = 80) Integer> toggled) {
    int frameCount = 50;
    ResidentSet resident = new ResidentSet(frameCount);
    FrameReserve frames = reserve(resident);
    Map<Long, Integer> model = new HashMap<>();
    for (int value : toggled) {
      long pageId = value;
      Integer given = model.remove(pageId);
      if (given != null) {
        frames.give(given);
      } else if (model.size() == frameCount) {
        assertEquals(FrameReserve.NONE, frames.tryTake(pageId));
      } else {
        boolean isOwnFree = pageId < frameCount && !model.containsValue(value);
        int frame = frames.tryTake(pageId);
        assertFalse(model.containsValue(frame));
        assertTrue(frame == value || !isOwnFree);
        model.put(pageId, frame);
      }
    }
    assertEquals(model, content(resident));
    assertEquals(model.size(), frames.taken());
  }

  private static Map<Long, Integer> content(ResidentSet resident) {
    Map<Long, Integer> pages = new HashMap<>();
    int slot = resident.advance(resident.slotCount());
    for (int i = 0; i < resident.slotCount(); i++) {
      if (resident.slot(slot) != ResidentSet.NONE) {
        pages.put(resident.slot(slot), slot);
      }
      slot = resident.next(slot);
    }
    return pages;
  }

  @Test
  @Timeout(60)
  void shouldNeitherLoseNorDoubleFramesOfSeveralThreads() throws Exception {
    int frameCount = 61;
    int threads = 4;
    ResidentSet resident = new ResidentSet(frameCount);
    FrameReserve frames = reserve(resident);
    AtomicIntegerArray owners = new AtomicIntegerArray(frameCount);
    List<Callable<Void>> tasks = new ArrayList<>();
    for (int thread = 1; thread <= threads; thread++) {
      int seed = thread;
      tasks.add(() -> takeAndGive(frames, owners, seed));
    }
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      for (Future<Void> future : executor.invokeAll(tasks)) {
        future.get();
      }
    }
    assertEquals(0, frames.taken());
    for (long pageId = 0; pageId < frameCount; pageId++) {
      assertEquals(pageId, frames.tryTake(pageId));
    }
    assertEquals(FrameReserve.NONE, frames.tryTake(0));
  }

  /** Takes frames for pages that others want the frames of, and gives them back in any order. */
  private static Void takeAndGive(FrameReserve frames, AtomicIntegerArray owners, int seed) {
    Random random = new Random(seed);
    int[] held = new int[16];
    int count = 0;
    for (int i = 0; i < 500_000; i++) {
      if (count < held.length && random.nextBoolean()) {
        int frame = frames.tryTake(random.nextInt(90));
        if (frame != FrameReserve.NONE) {
          assertTrue(owners.compareAndSet(frame, 0, seed));
          held[count++] = frame;
        }
      } else if (count > 0) {
        int index = random.nextInt(count);
        int frame = held[index];
        held[index] = held[--count];
        assertTrue(owners.compareAndSet(frame, seed, 0));
        frames.give(frame);
      }
    }
    for (int i = 0; i < count; i++) {
      owners.set(held[i], 0);
    }
    frames.give(held, count);
    return null;
  }
}
