// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.DirectFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair of a {@link FileDevice}: positional reads and writes through one buffer of its own,
 * which spares a new buffer per command.
 *
 * <p>An interrupt closes a {@link FileChannel} under whoever uses it. The owner's interrupt status
 * is therefore put aside while the channel works; one that arrives in between still closes the
 * file, after which every command fails.
 */
final class FileQueuePair extends ImmediateQueuePair {
  private final FileChannel channel;
  private final @Nullable DirectFile file;
  private final ByteBuffer buffer;
  private final MemorySegment bufferMemory;

  FileQueuePair(
      FileChannel channel,
      @Nullable DirectFile file,
      CommandLimits limits,
      OpenQueuePairs openQueuePairs,
      int depth,
      Execution execution) {
    super(limits, openQueuePairs, depth, execution);
    this.channel = channel;
    this.file = file;
    buffer = ByteBuffer.allocateDirect(FileDevice.TRANSFER_BYTES_MAX);
    bufferMemory = MemorySegment.ofBuffer(buffer);
  }

  @Override
  int read(long offset, long address, int lengthBytes) {
    boolean interrupted = Thread.interrupted();
    try {
      buffer.clear().limit(lengthBytes);
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, offset + buffer.position()) < 0) {
          return IoStatus.UNWRITTEN_BLOCK;
        }
      }
      TransferMemory.copy(bufferMemory, address, lengthBytes);
      return IoStatus.SUCCESS;
    } catch (IOException _) { // The channel tells no errno; the status is the report.
      return IoStatus.UNRECOVERED_READ_ERROR;
    } finally {
      restore(interrupted);
    }
  }

  @Override
  int write(long offset, long address, int lengthBytes) {
    TransferMemory.copy(address, bufferMemory, lengthBytes);
    return writeBuffer(offset, lengthBytes);
  }

  @Override
  int flush() {
    boolean interrupted = Thread.interrupted();
    try {
      channel.force(false);
      return IoStatus.SUCCESS;
    } catch (IOException _) { // The channel tells no errno; the status is the report.
      return IoStatus.WRITE_FAULT;
    } finally {
      restore(interrupted);
    }
  }

  @Override
  int deallocate(long offset, long lengthBytes) {
    if (file != null) {
      // A hint: a file system without holes keeps the data, which is allowed.
      int _ = file.allocateRange(DirectFile.PUNCH_HOLE, offset, lengthBytes);
    }
    return IoStatus.SUCCESS;
  }

  @Override
  int writeZeroes(long offset, long lengthBytes) {
    if (file != null && file.allocateRange(DirectFile.ZERO_RANGE, offset, lengthBytes) == 0) {
      return IoStatus.SUCCESS;
    }
    bufferMemory.fill((byte) 0);
    int status = IoStatus.SUCCESS;
    for (long done = 0; done < lengthBytes && status == IoStatus.SUCCESS; ) {
      int pieceBytes = (int) Math.min(buffer.capacity(), lengthBytes - done);
      status = writeBuffer(offset + done, pieceBytes);
      done += pieceBytes;
    }
    return status;
  }

  @Override
  void release() {}

  private int writeBuffer(long offset, int lengthBytes) {
    boolean interrupted = Thread.interrupted();
    try {
      buffer.clear().limit(lengthBytes);
      while (buffer.hasRemaining()) {
        int _ = channel.write(buffer, offset + buffer.position());
      }
      return IoStatus.SUCCESS;
    } catch (IOException e) {
      return isFull(e) ? IoStatus.CAPACITY_EXCEEDED : IoStatus.WRITE_FAULT;
    } finally {
      restore(interrupted);
    }
  }

  /** The channel passes on the text of strerror(3) only. */
  private static boolean isFull(IOException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("No space left") || message.contains("quota");
  }

  private static void restore(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
