// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RingWakerTest {
  @BeforeAll
  static void requireLinux() {
    assumeTrue(Platform.isLinux(), "needs Linux");
  }

  @Test
  void shouldRefuseSleepOnceAfterWake() throws Exception {
    RingWaker waker = new RingWaker();
    waker.wake();
    waker.wake();
    assertFalse(waker.tryFallAsleep());
    assertTrue(waker.tryFallAsleep());
    waker.awake();
    assertTrue(waker.tryFallAsleep());
    waker.close();
  }

  @Test
  void shouldNotSignalAfterClose() throws Exception {
    // The descriptor's number may be another file's by then: a signal would write into that.
    for (int i = 0; i < 200; i++) {
      RingWaker waker = new RingWaker();
      Thread other = Thread.ofPlatform().start(() -> wakeOften(waker));
      boolean _ = waker.tryFallAsleep();
      waker.close();
      other.join();
      waker.wake();
    }
  }

  private static void wakeOften(RingWaker waker) {
    for (int i = 0; i < 100; i++) {
      waker.wake();
    }
  }
}
