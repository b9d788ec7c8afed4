// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

/**
 * How many queue pairs of a device are open, so that it is not closed beneath them.
 *
 * <p><b>Concurrency.</b> Any thread; guarded by its monitor, inside which nothing waits.
 */
public final class OpenQueuePairs {
  private int count;
  private boolean isClosed;

  /** Creates the count, at none. */
  public OpenQueuePairs() {}

  /**
   * Counts a queue pair.
   *
   * @throws IllegalStateException when the device is closed
   */
  public synchronized void add() {
    checkOpen();
    count++;
  }

  /** Counts a queue pair that is closed now. */
  public synchronized void remove() {
    count--;
  }

  /**
   * Refuses what needs the device.
   *
   * @throws IllegalStateException when it is closed
   */
  public synchronized void checkOpen() {
    if (isClosed) {
      throw new IllegalStateException("device is closed");
    }
  }

  /**
   * Closes the device's door.
   *
   * @return false when it was closed before
   * @throws IllegalStateException when queue pairs are open: closing now would pull memory or a
   *     descriptor from under them
   */
  public synchronized boolean close() {
    if (count > 0) {
      throw new IllegalStateException(count + " queue pairs are open; close them first");
    }
    boolean wasOpen = !isClosed;
    isClosed = true;
    return wasOpen;
  }
}
