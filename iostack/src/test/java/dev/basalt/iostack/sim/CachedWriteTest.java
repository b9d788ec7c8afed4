// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class CachedWriteTest {
  private static final int UNIT_BLOCKS = 4;

  /** Else a power cut after the end of a process would tear what the first one has spared. */
  @Test
  void shouldKeepEachAtomicUnitInOnePiece() {
    byte[][] data = new byte[9][1];
    CachedWrite write = new CachedWrite(7, 3, data.length, data);
    Set<Long> starts = new TreeSet<>();
    for (int seed = 0; seed < 50; seed++) {
      List<CachedWrite> survivors = new ArrayList<>();
      write.tear(UNIT_BLOCKS, new SplittableRandom(seed), survivors);
      for (CachedWrite part : survivors) {
        assertEquals(part.lba() == 3 ? 1 : UNIT_BLOCKS, part.lbaCount());
        assertEquals(7, part.number());
        starts.add(part.lba());
        for (int i = 0; i < part.lbaCount(); i++) {
          byte[][] kept = Objects.requireNonNull(part.data());
          assertSame(data[(int) (part.lba() - 3) + i], kept[i]);
        }
      }
    }
    assertEquals(Set.of(3L, 4L, 8L), starts);
  }
}
