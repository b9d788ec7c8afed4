// SPDX-License-Identifier: Apache-2.0
package dev.basalt.spdk;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.basalt.linux.ErrnoException;
import dev.basalt.spdk.generated.basalt_info;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A device of a driver in C.
 *
 * <p><b>Ownership.</b> Closed by whoever opened it, after its queues and its memory.
 *
 * <p><b>Concurrency.</b> Any thread. {@code userCount} and {@code isClosed} are guarded by the
 * monitor, inside which nothing waits: queues, memory, and calls that make them are users.
 */
public final class NativeDevice implements AutoCloseable {
  private final NativeDriver driver;
  private final long pointer;
  private final String target;
  private final NativeInfo info;
  private int userCount;
  private boolean isClosed;

  NativeDevice(NativeDriver driver, long pointer, String target) {
    this.driver = driver;
    this.pointer = pointer;
    this.target = target;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(basalt_info.layout());
      driver.info(pointer, data.address());
      info = NativeInfo.of(data);
    }
  }

  /**
   * Returns what the device is and can do.
   *
   * @return the same for as long as it is open
   */
  public NativeInfo info() {
    return info;
  }

  /**
   * Returns the driver.
   *
   * @return which is never unloaded
   */
  public NativeDriver driver() {
    return driver;
  }

  /**
   * Memory that the device can reach.
   *
   * @param address where the process sees it, aligned to 4 KiB
   * @param iova where the device sees it, or -1 when that is not one range
   * @param sizeBytes its size
   */
  public record Memory(long address, long iova, long sizeBytes) {
    /**
     * Tells whether a range is within this memory.
     *
     * @param from absolute address
     * @param lengthBytes its length, 0 or more
     * @return whether all of it is
     */
    public boolean contains(long from, long lengthBytes) {
      return from >= address
          && lengthBytes <= sizeBytes
          && from - address <= sizeBytes - lengthBytes;
    }
  }

  /**
   * Allocates zeroed memory that the device can reach.
   *
   * @param sizeBytes how much, above 0
   * @return the memory, to be given back by {@link #free} before the device is closed
   * @throws ErrnoException when there is none
   * @throws IllegalStateException when the device is closed
   */
  public Memory allocate(long sizeBytes) throws ErrnoException {
    enter();
    boolean isAllocated = false;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(ADDRESS);
      MemorySegment iova = arena.allocate(JAVA_LONG);
      driver.check(
          "dma_alloc(" + target + ", " + sizeBytes + ")",
          driver.allocate(pointer, sizeBytes, address, iova));
      isAllocated = true;
      return new Memory(address.get(JAVA_LONG, 0), iova.get(JAVA_LONG, 0), sizeBytes);
    } finally {
      if (!isAllocated) {
        leave();
      }
    }
  }

  /**
   * Gives memory back, after the last command that used it has completed.
   *
   * @param memory of {@link #allocate}, once
   */
  public void free(Memory memory) {
    driver.free(pointer, memory.address);
    leave();
  }

  /**
   * Opens a queue.
   *
   * @param depth the most commands in flight, 1 to {@link NativeInfo#queueDepthMax}
   * @return the queue, to be closed by the caller before the device
   * @throws ErrnoException when the driver refuses
   * @throws IllegalStateException when the device is closed
   */
  public NativeQueue openQueue(int depth) throws ErrnoException {
    enter();
    boolean isOpened = false;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment queue = arena.allocate(ADDRESS);
      driver.check(
          "queue_open(" + target + ", " + depth + ")", driver.openQueue(pointer, depth, queue));
      isOpened = true;
      return new NativeQueue(this, queue.get(JAVA_LONG, 0));
    } finally {
      if (!isOpened) {
        leave();
      }
    }
  }

  /**
   * Closes the device. Again, does nothing.
   *
   * @throws IllegalStateException when it has queues or memory
   */
  @Override
  public void close() {
    synchronized (this) {
      if (userCount > 0) {
        throw new IllegalStateException(
            this + " has " + userCount + " queues and pieces of memory; give them back first");
      }
      if (isClosed) {
        return;
      }
      isClosed = true;
    }
    driver.closeDevice(pointer);
  }

  private synchronized void enter() {
    if (isClosed) {
      throw new IllegalStateException(this + " is closed");
    }
    userCount++;
  }

  /** Counts a queue, or memory, that is given back. */
  synchronized void leave() {
    userCount--;
  }

  @Override
  public String toString() {
    return driver.name() + ":" + target;
  }
}
