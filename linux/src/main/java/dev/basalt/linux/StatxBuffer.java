// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The part of {@code struct statx} (statx(2), include/uapi/linux/stat.h) that is used here.
 *
 * <pre>
 *   0 u32 mask   | 4 u32 blksize | 28 u16 mode | 32 u64 ino | 40 u64 size
 * 128 u32 rdev_major  | 132 u32 rdev_minor | 136 u32 dev_major | 140 u32 dev_minor
 * 152 u32 dio_mem_align | 156 u32 dio_offset_align              total 256
 * </pre>
 */
final class StatxBuffer {
  static final int SIZE_BYTES = 256;
  static final int MASK_OFFSET = 0;
  static final int BLOCK_SIZE_OFFSET = 4;
  static final int MODE_OFFSET = 28;
  static final int INODE_OFFSET = 32;
  static final int SIZE_OFFSET = 40;
  static final int REAL_DEVICE_MAJOR_OFFSET = 128;
  static final int REAL_DEVICE_MINOR_OFFSET = 132;
  static final int DEVICE_MAJOR_OFFSET = 136;
  static final int DEVICE_MINOR_OFFSET = 140;
  static final int MEMORY_ALIGNMENT_OFFSET = 152;
  static final int OFFSET_ALIGNMENT_OFFSET = 156;

  private static final int STATX_BASIC_STATS = 0x7ff;
  private static final int STATX_DIOALIGN = 0x2000;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int S_IFMT = 0xf000;
  private static final int S_IFCHR = 0x2000;
  private static final int S_IFBLK = 0x6000;
  private static final int S_IFREG = 0x8000;

  private final MemorySegment buffer;

  private StatxBuffer(MemorySegment buffer) {
    this.buffer = buffer;
  }

  /** Asks about an open file; the answer lives as long as the arena. */
  static StatxBuffer of(int fd, Arena arena) throws ErrnoException {
    MemorySegment buffer = arena.allocate(SIZE_BYTES, 8);
    MemorySegment path = arena.allocateFrom("");
    long mask = STATX_BASIC_STATS | STATX_DIOALIGN;
    long result =
        Syscall.shared(
            SyscallNumber.STATX, fd, path.address(), AT_EMPTY_PATH, mask, buffer.address());
    if (result < 0) {
      throw new ErrnoException("statx(" + fd + ")", (int) -result);
    }
    return new StatxBuffer(buffer);
  }

  boolean isBlockDevice() {
    return (mode() & S_IFMT) == S_IFBLK;
  }

  boolean isCharacterDevice() {
    return (mode() & S_IFMT) == S_IFCHR;
  }

  boolean isRegularFile() {
    return (mode() & S_IFMT) == S_IFREG;
  }

  long sizeBytes() {
    return buffer.get(JAVA_LONG, SIZE_OFFSET);
  }

  long inode() {
    return buffer.get(JAVA_LONG, INODE_OFFSET);
  }

  /** The file's inode as /proc/locks prints it. */
  String lockName() {
    return "%02x:%02x:%d"
        .formatted(number(DEVICE_MAJOR_OFFSET), number(DEVICE_MINOR_OFFSET), inode());
  }

  /** A device's number as /sys/dev/block or /sys/dev/char names it. */
  String deviceName() {
    return number(REAL_DEVICE_MAJOR_OFFSET) + ":" + number(REAL_DEVICE_MINOR_OFFSET);
  }

  /** Returns 0 where the file system does not tell (before Linux 6.1, or tmpfs). */
  int memoryAlignmentBytes() {
    return knowsDirect() ? number(MEMORY_ALIGNMENT_OFFSET) : 0;
  }

  /** Returns 0 where the file system does not tell. */
  int offsetAlignmentBytes() {
    return knowsDirect() ? number(OFFSET_ALIGNMENT_OFFSET) : 0;
  }

  private boolean knowsDirect() {
    return (number(MASK_OFFSET) & STATX_DIOALIGN) != 0;
  }

  private int mode() {
    return buffer.get(JAVA_SHORT, MODE_OFFSET) & 0xffff;
  }

  private int number(int offset) {
    return buffer.get(JAVA_INT, offset);
  }
}
