// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockReader;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.DirectFile;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A regular file or block device, past the page cache, through io_uring.
 *
 * <p>A file on a memory file system gets queue pairs without a ring, see {@link
 * MemoryFileQueuePair}, unless registered buffers are asked for.
 *
 * <p>The block of a file is 4 KiB, the unit its file system works in; the sectors of the disk below
 * are smaller, and only they are written whole. The block of a block device is its logical one.
 *
 * <p><b>Concurrency.</b> Any thread; {@link #grow} is guarded by the monitor.
 */
final class UringDevice implements BlockDevice {
  private static final int FILE_BLOCK_BYTES = 4096;
  private static final int SECTOR_BYTES = 512;
  private static final int TRANSFER_BYTES_MAX = 1 << 20;
  private static final int DEPTH_MAX = 4096;

  /** With registered buffers: so that depth 128 fits the usual limit of locked memory, 8 MiB. */
  private static final int STAGED_BYTES_MAX = 64 << 10;

  private final OpenQueuePairs openQueuePairs = new OpenQueuePairs();
  private final DirectFile file;
  private final boolean isFixed;
  private final boolean isInMemory;
  private final Execution execution;
  private final Capabilities capabilities;
  private volatile long blockCount;

  /**
   * Takes an open file over.
   *
   * @param isFixed whether transfers go through registered buffers
   * @param execution the seam for waits of queue pairs
   */
  UringDevice(DirectFile file, boolean isFixed, Execution execution) throws IOException {
    this.file = file;
    this.isFixed = isFixed;
    this.execution = execution;
    isInMemory = file.isInMemory();
    int sectorBytes = Math.max(SECTOR_BYTES, file.offsetAlignmentBytes());
    int blockBytes = file.isBlockDevice() ? sectorBytes : Math.max(FILE_BLOCK_BYTES, sectorBytes);
    blockCount = file.sizeBytes() / blockBytes;
    capabilities =
        new Capabilities(
            description(),
            blockBytes,
            isFixed ? STAGED_BYTES_MAX : TRANSFER_BYTES_MAX,
            sectorBytes,
            isFixed ? 1 : file.memoryAlignmentBytes(),
            DEPTH_MAX,
            file.hasVolatileWriteCache(),
            isFixed,
            !file.isBlockDevice());
  }

  @Override
  public Capabilities capabilities() {
    return capabilities;
  }

  @Override
  public long blockCount() {
    return blockCount;
  }

  @Override
  public synchronized void grow(long blockCountMin) throws IOException {
    openQueuePairs.checkOpen();
    if (blockCountMin <= blockCount) {
      return;
    }
    if (file.isBlockDevice()) {
      throw new IOException(
          file
              + " has "
              + blockCount
              + " blocks and cannot grow to "
              + blockCountMin
              + ": a block device has a fixed size");
    }
    file.allocate(blockCountMin * capabilities.blockBytes());
    // After the space: whoever sees the new count may use it.
    blockCount = blockCountMin;
  }

  @Override
  public QueuePair openQueuePair(int depth) throws IOException {
    CommandLimits.checkDepth(depth, DEPTH_MAX);
    if (isFixed) {
      return openStaged(depth);
    }
    return isInMemory
        ? new MemoryFileQueuePair(file, new CommandLimits(this), openQueuePairs, depth, execution)
        : open(depth, null);
  }

  @Override
  public @Nullable BlockReader openReader() {
    return isFixed
        ? null
        : new FileBlockReader(file, new CommandLimits(this), openQueuePairs, !isInMemory);
  }

  @Override
  public void close() {
    if (openQueuePairs.close()) {
      file.close();
    }
  }

  private String description() {
    String how = isFixed ? " through registered buffers" : isInMemory ? ", in memory: no ring" : "";
    return "io_uring " + file + how;
  }

  private QueuePair openStaged(int depth) throws ErrnoException {
    MappedRegion staging = VirtualMemory.reserve((long) depth * STAGED_BYTES_MAX);
    try {
      QueuePair pinned = open(depth, staging);
      return new StagingQueuePair(
          pinned, staging.address(), new CommandLimits(this), STAGED_BYTES_MAX, staging::close);
    } catch (Throwable e) {
      staging.close();
      throw e;
    }
  }

  private QueuePair open(int depth, @Nullable MappedRegion staging) throws ErrnoException {
    return new UringQueuePair(
        file, new CommandLimits(this), openQueuePairs, execution, depth, staging);
  }
}
