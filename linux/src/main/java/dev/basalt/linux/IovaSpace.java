// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Hands out I/O virtual addresses: those a device uses, translated by the IOMMU. They are taken
 * from the ranges the IOMMU can map, never from those reserved for others (the message-signalled
 * interrupts of x86 at 0xfee00000, for one).
 *
 * <p><b>Concurrency.</b> Guarded by its monitor.
 */
public final class IovaSpace {
  /** Nothing is handed out below: null and small numbers stay mistakes. */
  static final long LOWEST = 0x1000_0000L;

  /** On a kernel that does not tell: what every IOMMU maps, below the interrupts of x86. */
  static final Range COMMON_RANGE = new Range(LOWEST, 0xfedf_ffffL);

  private final List<Range> ranges;
  private final TreeMap<Long, Long> taken = new TreeMap<>();

  /**
   * What an IOMMU can map.
   *
   * @param first the first address
   * @param last the last address, as the kernel gives it; negative beyond 2^63 - 1
   */
  public record Range(long first, long last) {}

  /**
   * Creates a space of which nothing is taken.
   *
   * @param ranges what can be mapped, in ascending order
   */
  public IovaSpace(List<Range> ranges) {
    this.ranges = new ArrayList<>();
    for (Range range : ranges) {
      long first = Math.max(LOWEST, range.first);
      long last = range.last < 0 ? Long.MAX_VALUE : range.last;
      if (range.first >= 0 && first < last) {
        this.ranges.add(new Range(first, last));
      }
    }
  }

  /**
   * Takes the lowest free addresses.
   *
   * @param sizeBytes how many, above 0
   * @param alignmentBytes alignment of the first one, a power of two
   * @return the first one; -1 when there is no room
   */
  public synchronized long tryTake(long sizeBytes, long alignmentBytes) {
    for (Range range : ranges) {
      long iova = roundUp(range.first, alignmentBytes);
      while (iova >= 0 && iova <= range.last && sizeBytes - 1 <= range.last - iova) {
        Map.Entry<Long, Long> before = taken.lowerEntry(iova + sizeBytes);
        if (before == null || before.getKey() + before.getValue() <= iova) {
          taken.put(iova, sizeBytes);
          return iova;
        }
        iova = roundUp(before.getKey() + before.getValue(), alignmentBytes);
      }
    }
    return -1;
  }

  /**
   * Gives addresses back.
   *
   * @param iova the first one, as {@link #tryTake} returned it
   */
  public synchronized void give(long iova) {
    if (taken.remove(iova) == null) {
      throw new IllegalArgumentException("IOVA 0x%x is not taken".formatted(iova));
    }
  }

  private static long roundUp(long value, long multiple) {
    return (value + multiple - 1) & -multiple;
  }
}
