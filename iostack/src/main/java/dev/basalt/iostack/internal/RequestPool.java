// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A fixed table of requests and the stack of those that are free.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread; lock-free. The whole stack is one
 * word, changed by CAS; the tag makes a stale head fail (ABA).
 *
 * <pre>
 *  63        32 31      16 15       0
 * +------------+----------+----------+
 * |    tag     |   free   |  top + 1 |
 * +------------+----------+----------+
 * </pre>
 *
 * The CAS of {@link #release} releases what the last user wrote; the one of {@link #tryAcquire}
 * acquires it. Links are plain ints, racy on purpose: a stale one is thrown away with the failed
 * CAS.
 */
public final class RequestPool {
  private static final long TAG_ONE = 1L << 32;
  private static final long TAG_MASK = -1L << 32;
  private static final int FREE_SHIFT = 16;
  private static final int FIELD_MASK = 0xffff;

  private final IoRequest[] requests;
  private final int[] nextPlusOne;
  private final AtomicLong head = new AtomicLong();

  /**
   * Creates free requests.
   *
   * @param size how many, 1 to 32,768
   */
  public RequestPool(int size) {
    requests = new IoRequest[size];
    nextPlusOne = new int[size];
    for (int i = size - 1; i >= 0; i--) {
      requests[i] = new IoRequest(i);
      nextPlusOne[i] = (int) head.get() & FIELD_MASK;
      head.set((long) (size - i) << FREE_SHIFT | i + 1);
    }
  }

  /**
   * Takes a request.
   *
   * @return a free request's index, or -1
   */
  public int tryAcquire() {
    while (true) {
      long seen = head.get();
      int top = (int) seen & FIELD_MASK;
      if (top == 0) {
        return -1;
      }
      long changed =
          (seen & TAG_MASK) + TAG_ONE
              | (long) (free(seen) - 1) << FREE_SHIFT
              | nextPlusOne[top - 1] & FIELD_MASK;
      if (head.compareAndSet(seen, changed)) {
        return top - 1;
      }
    }
  }

  /**
   * Makes a request free again.
   *
   * @param index of {@link #tryAcquire}
   */
  public void release(int index) {
    while (true) {
      long seen = head.get();
      nextPlusOne[index] = (int) seen & FIELD_MASK;
      long changed =
          (seen & TAG_MASK) + TAG_ONE | (long) (free(seen) + 1) << FREE_SHIFT | index + 1;
      if (head.compareAndSet(seen, changed)) {
        return;
      }
    }
  }

  /**
   * Returns a request.
   *
   * @param index 0 to the number of requests - 1
   * @return the request, used by who acquired it
   */
  public IoRequest get(int index) {
    return requests[index];
  }

  int size() {
    return requests.length;
  }

  boolean isEmpty() {
    return free(head.get()) == 0;
  }

  /**
   * Tells whether no call is under way.
   *
   * @return true when every request is free
   */
  public boolean isWhole() {
    return free(head.get()) == requests.length;
  }

  private static int free(long word) {
    return (int) (word >>> FREE_SHIFT) & FIELD_MASK;
  }
}
