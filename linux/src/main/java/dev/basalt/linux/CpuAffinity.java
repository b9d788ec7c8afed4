// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/** The processors the calling thread may run on (sched_setaffinity(2)). */
public final class CpuAffinity {
  private static final int MASK_BYTES = 1024 / Byte.SIZE;

  private CpuAffinity() {}

  /**
   * Returns where the calling thread may run.
   *
   * @return numbers of processors
   * @throws ErrnoException when the kernel refuses
   */
  public static BitSet get() throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(MASK_BYTES, Long.BYTES);
      long result = Syscall.shared(SyscallNumber.SCHED_GETAFFINITY, 0, MASK_BYTES, mask.address());
      if (result < 0) {
        throw new ErrnoException("sched_getaffinity(0)", (int) -result);
      }
      return BitSet.valueOf(mask.toArray(JAVA_LONG));
    }
  }

  /**
   * Binds the calling thread. Virtual threads are refused: the call would bind the thread that
   * carries them, and every other virtual thread with it (facts, trap 8).
   *
   * @param processors numbers of processors, at least one of them present
   * @throws ErrnoException when the kernel refuses, as with none that exists
   * @throws IllegalStateException on a virtual thread
   */
  public static void set(BitSet processors) throws ErrnoException {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException(
          "a virtual thread cannot be bound to a processor; bind a platform thread");
    }
    if (processors.length() > MASK_BYTES * Byte.SIZE) {
      throw new IllegalArgumentException(
          "processors are " + processors + ", needed: below " + MASK_BYTES * Byte.SIZE);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(MASK_BYTES, Long.BYTES);
      long[] words = processors.toLongArray();
      for (int i = 0; i < words.length; i++) {
        mask.setAtIndex(JAVA_LONG, i, words[i]);
      }
      long result = Syscall.shared(SyscallNumber.SCHED_SETAFFINITY, 0, MASK_BYTES, mask.address());
      if (result < 0) {
        throw new ErrnoException("sched_setaffinity(0, " + processors + ")", (int) -result);
      }
    }
  }
}
