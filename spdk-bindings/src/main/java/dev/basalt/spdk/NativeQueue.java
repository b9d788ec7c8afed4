// SPDX-License-Identifier: Apache-2.0
package dev.basalt.spdk;

import dev.basalt.linux.ErrnoException;

/**
 * A queue of a device of a driver in C: takes commands and gives completions back in arrays whose
 * layout {@link NativeCommands} knows. Nothing is allocated per call.
 *
 * <p><b>Ownership.</b> The arrays are the caller's; the driver keeps no pointer to them. Closed by
 * whoever opened it.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time. After {@link #close} every use of it throws
 * {@link IllegalStateException}.
 */
public final class NativeQueue implements AutoCloseable {
  private final NativeDevice device;
  private final NativeDriver driver;

  /** 0 once it is closed. */
  private long pointer;

  NativeQueue(NativeDevice device, long pointer) {
    this.device = device;
    driver = device.driver();
    this.pointer = pointer;
  }

  /**
   * Hands commands over.
   *
   * @param commands absolute address of {@code count} times {@link NativeCommands#COMMAND_BYTES}
   * @param count how many
   * @return how many were taken, from the first on; the queue has no room for more
   * @throws ErrnoException when the queue takes none any more
   */
  public int submit(long commands, int count) throws ErrnoException {
    int taken = driver.submit(open(), commands, count);
    if (taken < 0) {
      driver.check("queue_submit(" + count + ")", taken);
    }
    return taken;
  }

  /**
   * Fetches completions, without waiting.
   *
   * @param completions absolute address of room for {@code max} times {@link
   *     NativeCommands#COMPLETION_BYTES}
   * @param max the most to fetch
   * @return how many were written there
   * @throws ErrnoException when the queue gives none any more
   */
  public int poll(long completions, int max) throws ErrnoException {
    int count = driver.poll(open(), completions, max);
    if (count < 0) {
      driver.check("queue_poll(" + max + ")", count);
    }
    return count;
  }

  /** Waits for the commands in flight. Again, does nothing. */
  @Override
  public void close() {
    if (pointer != 0) {
      driver.closeQueue(pointer);
      pointer = 0;
      device.leave();
    }
  }

  private long open() {
    if (pointer == 0) {
      throw new IllegalStateException("queue is closed");
    }
    return pointer;
  }
}
