// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import org.junit.jupiter.api.Test;

class FrameReserveTest {
  private static final int FRAMES = 1600;
  private static final int TARGET = 100;

  private final FrameReserve reserve = reserve(FRAMES);

  private static FrameReserve reserve(int frameCount) {
    return new FrameReserve(frameCount, new ParkingLot(Execution.threads()), new PoolFailure());
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
    while (!reserve.isLow()) {
      assertTrue(reserve.tryTake());
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
}
