// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockReader;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A device that does nothing at once: each command completes at the next poll. What is left is the
 * cost of the path to it.
 */
public final class NullDevice implements BlockDevice {
  private static final int BLOCK_BYTES = 4096;
  private static final int DEPTH_MAX = 4096;

  private final @Nullable Supplier<BlockReader> readers;

  /** Creates a device that is read through queue pairs only. */
  public NullDevice() {
    this(null);
  }

  private NullDevice(@Nullable Supplier<BlockReader> readers) {
    this.readers = readers;
  }

  /**
   * Returns a device that callers read by themselves.
   *
   * @param readers makes its readers
   * @return the device
   */
  public static NullDevice withReaders(Supplier<BlockReader> readers) {
    return new NullDevice(readers);
  }

  /** Opens this device for {@code null:}, any other by its back end. */
  static BlockDevice open(String uri) throws IOException {
    return uri.equals("null:") ? new NullDevice() : Devices.open(uri, Execution.threads());
  }

  @Override
  public Capabilities capabilities() {
    return new Capabilities(
        "null", BLOCK_BYTES, 1 << 20, BLOCK_BYTES, 1, DEPTH_MAX, false, false, false);
  }

  @Override
  public long blockCount() {
    return 1L << 20;
  }

  @Override
  public void grow(long blockCountMin) {
    throw new UnsupportedOperationException("the null device does not grow");
  }

  @Override
  public QueuePair openQueuePair(int depth) {
    return new NullQueuePair(depth);
  }

  @Override
  public @Nullable BlockReader openReader() {
    return readers == null ? null : readers.get();
  }

  @Override
  public void close() {}

  private static final class NullQueuePair implements QueuePair {
    private final long[] tags;
    private int queued;

    /** The last thread that polled or slept; only that one is ever asleep. */
    private volatile @Nullable Thread owner;

    NullQueuePair(int depth) {
      tags = new long[depth];
    }

    private boolean tryQueue(long tag) {
      if (queued == tags.length) {
        return false;
      }
      tags[queued++] = tag;
      return true;
    }

    @Override
    public int depth() {
      return tags.length;
    }

    @Override
    public int inFlight() {
      return queued;
    }

    @Override
    public boolean tryRead(long lba, int lbaCount, long address, long tag) {
      return tryQueue(tag);
    }

    @Override
    public boolean tryWrite(long lba, int lbaCount, long address, long tag) {
      return tryQueue(tag);
    }

    @Override
    public boolean tryReadVectored(long lba, IoVector vector, long tag) {
      return tryQueue(tag);
    }

    @Override
    public boolean tryWriteVectored(long lba, IoVector vector, long tag) {
      return tryQueue(tag);
    }

    @Override
    public boolean tryFlush(long tag) {
      return tryQueue(tag);
    }

    @Override
    public boolean tryDeallocate(long lba, long lbaCount, long tag) {
      return tryQueue(tag);
    }

    @Override
    public boolean tryWriteZeroes(long lba, long lbaCount, long tag) {
      return tryQueue(tag);
    }

    @Override
    public boolean tryCancel(long tag) {
      return false;
    }

    @Override
    public void submit() {}

    @Override
    public int poll(CompletionSink sink, int max) {
      Thread caller = Thread.currentThread();
      if (!caller.equals(owner)) {
        owner = caller; // before it announces a sleep: no wake-up is lost
      }
      int completed = Math.min(queued, max);
      for (int i = 0; i < completed; i++) {
        sink.onCompletion(tags[i], IoStatus.SUCCESS);
      }
      System.arraycopy(tags, completed, tags, 0, queued - completed);
      queued -= completed;
      return completed;
    }

    @Override
    public void sleep(long nanos) {
      owner = Thread.currentThread();
      if (queued == 0) {
        LockSupport.parkNanos(this, nanos);
      }
    }

    @Override
    public void wake() {
      LockSupport.unpark(owner);
    }

    @Override
    public void close() {}
  }
}
