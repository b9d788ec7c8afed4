// SPDX-License-Identifier: Apache-2.0
package dev.basalt.spdk;

import dev.basalt.spdk.generated.BasaltDriver;
import dev.basalt.spdk.generated.basalt_info;
import java.lang.foreign.MemorySegment;

/**
 * What a device of a driver in C is and can do ({@code struct basalt_info}).
 *
 * @param description one line for people
 * @param blockCount blocks of the device
 * @param blockBytes a power of two from 512
 * @param transferBytesMax the most bytes of one transfer, a multiple of the block size
 * @param atomicWriteBytes what a power failure never tears, a power of two from 512
 * @param memoryAlignmentBytes alignment of data, a power of two
 * @param queueDepthMax the most commands in flight in one queue
 * @param pieceCountMax pieces of one scatter list, 0 for none
 * @param hasVolatileWriteCache whether a completed write needs a flush to be durable
 * @param pinsMemory whether data must lie in memory of {@link NativeDevice#allocate}
 * @param hasCompare whether it knows compare
 */
public record NativeInfo(
    String description,
    long blockCount,
    int blockBytes,
    int transferBytesMax,
    int atomicWriteBytes,
    int memoryAlignmentBytes,
    int queueDepthMax,
    int pieceCountMax,
    boolean hasVolatileWriteCache,
    boolean pinsMemory,
    boolean hasCompare) {
  static NativeInfo of(MemorySegment data) {
    int flags = basalt_info.flags(data);
    return new NativeInfo(
        basalt_info.description(data).getString(0),
        basalt_info.block_count(data),
        basalt_info.block_bytes(data),
        basalt_info.transfer_bytes_max(data),
        basalt_info.atomic_write_bytes(data),
        basalt_info.memory_alignment_bytes(data),
        basalt_info.queue_depth_max(data),
        basalt_info.piece_count_max(data),
        (flags & BasaltDriver.BASALT_VOLATILE_WRITE_CACHE()) != 0,
        (flags & BasaltDriver.BASALT_PINS_MEMORY()) != 0,
        (flags & BasaltDriver.BASALT_HAS_COMPARE()) != 0);
  }
}
