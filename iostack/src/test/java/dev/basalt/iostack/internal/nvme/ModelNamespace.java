// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.basalt.linux.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/** A namespace of a {@link ModelController}. Used by the controller's thread. */
final class ModelNamespace {
  final int blockBytes;
  private final byte[] content;
  int metadataBytes;
  int commandSet;

  /** Blocks that can be neither read nor written. */
  final Set<Long> bad = new ConcurrentSkipListSet<>();

  ModelNamespace(int blockBytes, int sizeBytes) {
    this.blockBytes = blockBytes;
    content = new byte[sizeBytes];
  }

  byte[] identify() {
    byte[] data = new byte[4096];
    MemorySegment segment = MemorySegment.ofArray(data);
    segment.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, content.length / blockBytes);
    data[25] = 1;
    data[26] = 1;
    segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, 132, (short) metadataBytes);
    data[134] = (byte) Integer.numberOfTrailingZeros(blockBytes);
    return data;
  }

  int fault(long lba, long count, boolean isWrite) {
    if (lba < 0 || (lba + count) * blockBytes > content.length) {
      return 0x80 | 1 << 14;
    }
    for (long block = lba; block < lba + count; block++) {
      if (bad.contains(block)) {
        return (isWrite ? 0x280 : 0x281) | 1 << 14;
      }
    }
    return 0;
  }

  int zero(long lba, long count) {
    int fault = fault(lba, count, true);
    if (fault == 0) {
      int from = (int) (lba * blockBytes);
      Arrays.fill(content, from, from + (int) (count * blockBytes), (byte) 0);
    }
    return fault;
  }

  int move(int opcode, long offset, long address, long lengthBytes) {
    MemorySegment memory = NativeMemory.ALL.asSlice(address, lengthBytes);
    MemorySegment blocks = MemorySegment.ofArray(content).asSlice(offset, lengthBytes);
    switch (opcode) {
      case NvmeAbi.READ -> memory.copyFrom(blocks);
      case NvmeAbi.WRITE -> blocks.copyFrom(memory);
      default -> {
        return memory.mismatch(blocks) < 0 ? 0 : 0x285 | 1 << 14;
      }
    }
    return 0;
  }

  byte at(long offset) {
    return MemorySegment.ofArray(content).get(JAVA_BYTE, offset);
  }
}
