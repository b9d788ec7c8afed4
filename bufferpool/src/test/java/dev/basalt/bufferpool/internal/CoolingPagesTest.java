// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CoolingPagesTest {
  private final CoolingPages pages = new CoolingPages();
  private int woken;

  @Test
  void shouldKeepNothingUntilSomebodyListens() {
    pages.offer(1);
    assertFalse(pages.hasPages());
    assertEquals(ResidentSet.NONE, pages.poll());
  }

  @Test
  void shouldGiveTheOldestFirst() {
    pages.listen(() -> woken++);
    pages.offer(0);
    pages.offer(7);
    assertTrue(pages.hasPages());
    assertEquals(0, pages.poll());
    assertEquals(7, pages.poll());
    assertFalse(pages.hasPages());
    assertEquals(ResidentSet.NONE, pages.poll());
  }

  @Test
  void shouldForgetTheOldestWhereThereIsNoRoom() {
    pages.listen(() -> woken++);
    int offered = 2 * CoolingPages.SLOTS + 3;
    for (int i = 0; i < offered; i++) {
      pages.offer(i);
    }
    for (int i = offered - CoolingPages.SLOTS; i < offered; i++) {
      assertEquals(i, pages.poll());
    }
    assertEquals(ResidentSet.NONE, pages.poll());
  }

  @Test
  void shouldWakeOncePerNews() {
    pages.listen(() -> woken++);
    pages.wake();
    assertEquals(0, woken);
    pages.offer(1);
    pages.offer(2);
    pages.wake();
    pages.wake();
    assertEquals(1, woken);
    pages.offer(3);
    pages.wake();
    assertEquals(2, woken);
  }
}
