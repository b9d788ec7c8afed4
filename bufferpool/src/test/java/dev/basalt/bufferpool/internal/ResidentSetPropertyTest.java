// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ResidentSetPropertyTest {
  private static final int FRAME_COUNT = 50;

  @Property(tries = 200)
  void shouldHoldWhatASetHolds(@ForAll @Size(max = 400) List<@IntRange(max = 80) Integer> toggled) {
    ResidentSet resident = new ResidentSet(FRAME_COUNT);
    Set<Long> model = new HashSet<>();
    for (int value : toggled) {
      long pageId = value * 1_000_003L;
      if (model.remove(pageId)) {
        resident.remove(pageId);
      } else if (model.size() < FRAME_COUNT) {
        model.add(pageId);
        resident.add(pageId);
      }
    }
    assertEquals(model, content(resident));
  }

  private static Set<Long> content(ResidentSet resident) {
    Set<Long> pages = new HashSet<>();
    int slot = resident.advance(resident.slotCount());
    for (int i = 0; i < resident.slotCount(); i++) {
      if (resident.slot(slot) != ResidentSet.NONE) {
        pages.add(resident.slot(slot));
      }
      slot = resident.next(slot);
    }
    return pages;
  }
}
