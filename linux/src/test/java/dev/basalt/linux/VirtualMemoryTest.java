// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class VirtualMemoryTest {
  private static final int PAGE_BYTES = 4096;

  @Test
  void shouldReserveMoreThanThereIs() throws Exception {
    try (MappedRegion region = VirtualMemory.reserve(1L << 42)) {
      long last = region.address() + region.sizeBytes() - 8;
      NativeMemory.ALL.set(JAVA_LONG, last, 7);
      assertEquals(7, NativeMemory.ALL.get(JAVA_LONG, last));
      assertEquals(0, NativeMemory.ALL.get(JAVA_LONG, last + 8), "guard tail reads as zeroes");
    }
  }

  @Test
  void shouldReadZeroesAfterDrop() throws Exception {
    try (MappedRegion region = VirtualMemory.reserve(64L * PAGE_BYTES)) {
      for (int i = 0; i < 64; i++) {
        NativeMemory.ALL.set(JAVA_LONG, region.address() + (long) i * PAGE_BYTES, i + 1);
      }
      VirtualMemory.advise(region.address(), 32L * PAGE_BYTES, VirtualMemory.Advice.DONTNEED);
      for (int i = 0; i < 64; i++) {
        long found = NativeMemory.ALL.get(JAVA_LONG, region.address() + (long) i * PAGE_BYTES);
        assertEquals(i < 32 ? 0 : i + 1, found, "page " + i);
      }
    }
  }

  @Test
  void shouldNameCallAndErrnoOfRefusedAdvice() {
    ErrnoException refused =
        assertThrows(
            ErrnoException.class,
            () -> VirtualMemory.advise(1, PAGE_BYTES, VirtualMemory.Advice.DONTNEED));
    assertEquals(Errno.EINVAL, refused.errno());
    assertEquals("madvise(0x1, 4096, DONTNEED): EINVAL (22)", refused.getMessage());
  }

  @Test
  void shouldRefuseEmptyReservation() {
    assertThrows(IllegalArgumentException.class, () -> VirtualMemory.reserve(0));
  }
}
