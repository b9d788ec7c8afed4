// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.linux.IovaSpace.Range;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class VfioTest {
  /** What an Intel IOMMU of 39 bits answers: the interrupts of x86 are left out. */
  private static final List<Range> RANGES =
      List.of(new Range(0, 0xfedf_ffffL), new Range(0xfef0_0000L, 0x7f_ffff_ffffL));

  @Test
  void shouldReadTheRangesOfTheIommu() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(4096, 8);
      info.set(ValueLayout.JAVA_INT, VfioAbi.FLAGS, VfioAbi.IOMMU_INFO_HAS_CAPABILITIES);
      long migration = VfioAbi.IOMMU_INFO_BYTES;
      long ranges = 68; // the kernel aligns capabilities to 4 bytes only
      info.set(ValueLayout.JAVA_INT, VfioAbi.IOMMU_INFO_CAPABILITIES, (int) migration);
      info.set(ValueLayout.JAVA_SHORT, migration, (short) 2);
      info.set(ValueLayout.JAVA_INT, migration + VfioAbi.CAPABILITY_NEXT, (int) ranges);
      info.set(ValueLayout.JAVA_SHORT, ranges, (short) VfioAbi.CAPABILITY_IOVA_RANGES);
      info.set(ValueLayout.JAVA_INT, ranges + VfioAbi.RANGES_COUNT, RANGES.size());
      long range = ranges + VfioAbi.RANGES_FIRST;
      for (Range expected : RANGES) {
        info.set(ValueLayout.JAVA_LONG_UNALIGNED, range, expected.first());
        info.set(ValueLayout.JAVA_LONG_UNALIGNED, range + Long.BYTES, expected.last());
        range += VfioAbi.RANGE_BYTES;
      }
      assertEquals(RANGES, VfioDevice.ranges(info));
      info.set(ValueLayout.JAVA_INT, VfioAbi.FLAGS, 0);
      assertEquals(List.of(), VfioDevice.ranges(info));
    }
  }

  @Test
  void shouldHandOutAddressesWithinTheRangesOnly() {
    IovaSpace space = new IovaSpace(RANGES);
    long first = space.tryTake(4096, 4096);
    assertEquals(IovaSpace.LOWEST, first);
    long second = space.tryTake(1 << 20, 2 << 20);
    assertEquals(IovaSpace.LOWEST + (2 << 20), second);
    assertEquals(first + 4096, space.tryTake(4096, 4096));
    long large = space.tryTake(0xf000_0000L, 4096);
    assertEquals(0xfef0_0000L, large, "behind the interrupts");
    assertEquals(-1, space.tryTake(1L << 40, 4096));
    space.give(first);
    assertEquals(first, space.tryTake(4096, 4096));
    assertThrows(IllegalArgumentException.class, () -> space.give(12345));
    assertEquals(-1, new IovaSpace(List.of()).tryTake(1, 1));
    assertEquals(IovaSpace.LOWEST, new IovaSpace(List.of(new Range(0, -1))).tryTake(1L << 40, 1));
  }

  @Test
  void shouldSayWhyADeviceCannotBeOpened() {
    IOException e = assertThrows(IOException.class, () -> VfioDevice.open("0000:ff:1f.7").close());
    assertTrue(String.valueOf(e.getMessage()).contains("there is no PCI device 0000:ff:1f.7"));
  }
}
