// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockReader;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.DirectFile;
import dev.basalt.linux.Errno;
import dev.basalt.linux.ErrnoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A regular file through {@link FileChannel} and the page cache: slower than {@code io_uring:}, but
 * works on every operating system.
 *
 * <p>On Linux the lock, the space and the holes are the kernel's, as {@code io_uring:} has them, so
 * that one file is never open through both. Elsewhere the lock is the channel's. Where the kernel
 * or the file system cannot reserve space, zeroes are written.
 *
 * <p><b>Concurrency.</b> Any thread; {@link #grow} is guarded by the monitor.
 */
final class FileDevice implements BlockDevice {
  static final int BLOCK_BYTES = 4096;
  static final int TRANSFER_BYTES_MAX = 1 << 20;
  private static final int SECTOR_BYTES = 512;
  private static final int DEPTH_MAX = 4096;

  private final OpenQueuePairs openQueuePairs = new OpenQueuePairs();
  private final Execution execution;
  private final FileChannel channel;
  private final @Nullable DirectFile file;
  private final Capabilities capabilities;
  private volatile long blockCount;

  private FileDevice(Path path, FileChannel channel, @Nullable DirectFile file, Execution execution)
      throws IOException {
    this.channel = channel;
    this.file = file;
    this.execution = execution;
    blockCount = channel.size() / BLOCK_BYTES;
    capabilities =
        new Capabilities(
            "file " + path + " through the page cache",
            BLOCK_BYTES,
            TRANSFER_BYTES_MAX,
            SECTOR_BYTES,
            1,
            DEPTH_MAX,
            true,
            false,
            true);
  }

  static FileDevice open(Path path, boolean create, long sizeBytes, Execution execution)
      throws IOException {
    DirectFile file =
        Platform.isLinux() ? DirectFile.open(path, create, DirectFile.Mode.CACHED) : null;
    FileDevice device = null;
    try {
      FileChannel channel = openChannel(path, create, file == null);
      try {
        device = new FileDevice(path, channel, file, execution);
        device.grow(Math.ceilDiv(sizeBytes, BLOCK_BYTES));
      } catch (Throwable e) {
        channel.close();
        throw e;
      }
    } catch (Throwable e) {
      if (file != null) {
        file.close();
      }
      throw e;
    }
    return device;
  }

  private static FileChannel openChannel(Path path, boolean create, boolean locks)
      throws IOException {
    try {
      FileChannel channel =
          create
              ? FileChannel.open(
                  path,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.CREATE)
              : FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
      if (locks) {
        lock(path, channel);
      }
      return channel;
    } catch (NoSuchFileException e) {
      throw new IOException(
          "there is no file " + path + ": check the path, or ask to create it (create=true)", e);
    }
  }

  private static void lock(Path path, FileChannel channel) throws IOException {
    try {
      if (channel.tryLock() != null) {
        return;
      }
    } catch (OverlappingFileLockException e) {
      channel.close();
      throw new IOException(path + " is in use by this process; close it there first", e);
    }
    channel.close();
    throw new IOException(
        path + " is in use by another process; close it there first, or end that process");
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
    if (file == null || !tryAllocate(file, blockCountMin * BLOCK_BYTES)) {
      extend(blockCountMin * BLOCK_BYTES);
    }
    // After the space: whoever sees the new count may use it.
    blockCount = blockCountMin;
  }

  /** Returns false where the file system has no space to reserve, as some in memory or far away. */
  private static boolean tryAllocate(DirectFile file, long sizeBytes) throws ErrnoException {
    try {
      file.allocate(sizeBytes);
      return true;
    } catch (ErrnoException e) {
      if (e.errno() == Errno.EOPNOTSUPP) {
        return false;
      }
      throw e;
    }
  }

  private void extend(long sizeBytes) throws IOException {
    long before = channel.size();
    ByteBuffer zeroes = ByteBuffer.allocateDirect(TRANSFER_BYTES_MAX);
    try {
      for (long offset = before; offset < sizeBytes; ) {
        zeroes.clear().limit((int) Math.min(zeroes.capacity(), sizeBytes - offset));
        offset += channel.write(zeroes, offset);
      }
    } catch (IOException e) {
      channel.truncate(before);
      throw e;
    }
  }

  @Override
  public QueuePair openQueuePair(int depth) {
    CommandLimits.checkDepth(depth, DEPTH_MAX);
    return new FileQueuePair(
        channel, file, new CommandLimits(this), openQueuePairs, depth, execution);
  }

  /** By pread(2), which an interrupt cannot turn into a closed channel. */
  @Override
  public @Nullable BlockReader openReader() {
    return file == null
        ? null
        : new FileBlockReader(file, new CommandLimits(this), openQueuePairs, true);
  }

  @Override
  public void close() {
    if (openQueuePairs.close()) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException("cannot close " + capabilities.description(), e);
      } finally {
        if (file != null) {
          file.close();
        }
      }
    }
  }
}
