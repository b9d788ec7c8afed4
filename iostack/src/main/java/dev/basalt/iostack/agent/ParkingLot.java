// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.agent;

import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Wait queues keyed by a number: page ids, LSNs, lock stripes. After Linux's futex and WebKit's
 * parking lot: the state that is waited for stays with its owner, only the waiters are here.
 *
 * <p>One lot serves one object (a pool, a log), which composes the keys. Waiting allocates one
 * small node, after spinning was in vain.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, virtual ones too.
 *
 * <ul>
 *   <li><b>State.</b> A bucket is a list of nodes under its monitor, which is held for a few
 *       instructions and never while waiting; {@code head} is volatile and not null while any node
 *       is linked. A node is linked by its waiter and unlinked once, by a waker (which then sets
 *       {@code woken}) or by its waiter.
 *   <li><b>Ordering.</b> The waiter links its node, issues a full fence and reads the state again;
 *       the waker changes the state with volatile strength (or a full fence after it) and then
 *       reads {@code head}. At least one of the two sees the other, so no wake-up is lost. The
 *       store of {@code woken} pairs with the waiter's load of it after parking.
 *   <li><b>Progress.</b> Waking costs one volatile read when nobody waits in the bucket. A wake-up
 *       that reaches a waiter which no longer needs it is passed on.
 * </ul>
 */
public final class ParkingLot {
  private static final int BUCKET_BITS = 6;
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
  private static final long NO_DEADLINE = Long.MAX_VALUE;

  private final Execution execution;
  private final Bucket[] buckets = new Bucket[1 << BUCKET_BITS];

  /**
   * Creates a lot without waiters.
   *
   * @param execution the seam to wait through
   */
  public ParkingLot(Execution execution) {
    this.execution = execution;
    for (int i = 0; i < buckets.length; i++) {
      buckets[i] = new Bucket();
    }
  }

  /**
   * Waits while a condition holds: spins briefly, then parks until woken, and again. Not ended by
   * an interrupt, whose status is kept.
   *
   * @param key what a waker will name
   * @param condition asked before and after each park
   * @param argument handed to the condition
   */
  public void awaitWhile(long key, WaitCondition condition, long argument) {
    for (int attempt = 0; condition.mustWait(argument); attempt++) {
      if (!execution.trySpin(attempt)) {
        parkWhile(key, condition, argument, NO_DEADLINE);
        return;
      }
    }
  }

  /**
   * As {@link #awaitWhile(long, WaitCondition, long)}, but for a limited time.
   *
   * @param key what a waker will name
   * @param condition asked before and after each park
   * @param argument handed to the condition
   * @param nanos the longest wait in nanoseconds
   * @return false when the time is over and the condition still holds
   */
  public boolean awaitWhile(long key, WaitCondition condition, long argument, long nanos) {
    for (int attempt = 0; condition.mustWait(argument); attempt++) {
      if (!execution.trySpin(attempt)) {
        return parkWhile(key, condition, argument, deadline(nanos));
      }
    }
    return true;
  }

  /**
   * Wakes every waiter of a key. To be called after the state was changed with volatile strength.
   *
   * @param key the key
   */
  public void wakeAll(long key) {
    Bucket bucket = bucket(key);
    if (bucket.head != null) {
      unparkAll(bucket.unlink(key, Integer.MAX_VALUE));
    }
  }

  /**
   * Wakes the waiter of a key that has waited longest, if any. To be called after the state was
   * changed with volatile strength.
   *
   * @param key the key
   */
  public void wakeOne(long key) {
    Bucket bucket = bucket(key);
    if (bucket.head != null) {
      unparkAll(bucket.unlink(key, 1));
    }
  }

  private boolean parkWhile(long key, WaitCondition condition, long argument, long deadline) {
    boolean interrupted = false;
    boolean inTime = true;
    while (inTime && condition.mustWait(argument)) {
      execution.interleave();
      Bucket bucket = bucket(key);
      Node node = new Node(key, Thread.currentThread());
      bucket.link(node);
      boolean woken = false;
      try {
        // The node must be seen before the state is read again; pairs with the waker's fence.
        VarHandle.fullFence();
        execution.interleave();
        while (inTime && !woken && condition.mustWait(argument)) {
          inTime = park(deadline);
          interrupted |= Thread.interrupted();
          woken = node.woken;
        }
      } finally {
        if (!woken && !bucket.tryUnlink(node)) {
          unparkAll(bucket.unlink(key, 1)); // the wake-up came, was not needed here, and goes on
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return inTime || !condition.mustWait(argument);
  }

  /** Parks once; returns false when the deadline has passed. */
  private boolean park(long deadline) {
    if (deadline == NO_DEADLINE) {
      execution.park(this);
      return true;
    }
    execution.parkNanos(this, deadline - execution.nanoTime());
    return deadline - execution.nanoTime() > 0;
  }

  private long deadline(long nanos) {
    long deadline = execution.nanoTime() + Math.min(nanos, Long.MAX_VALUE / 2);
    return deadline == NO_DEADLINE ? deadline - 1 : deadline;
  }

  private void unparkAll(@Nullable Node first) {
    for (Node node = first; node != null; ) {
      Node next = node.next; // before the waiter may go on
      node.woken = true;
      execution.unpark(node.thread);
      node = next;
    }
  }

  private Bucket bucket(long key) {
    return buckets[(int) (key * GOLDEN_RATIO >>> 64 - BUCKET_BITS)];
  }

  /** A waiter. Linked in one bucket, or in the chain of a waker after it was unlinked. */
  private static final class Node {
    final long key;
    final Thread thread;
    @Nullable Node next;
    volatile boolean woken;

    Node(long key, Thread thread) {
      this.key = key;
      this.thread = thread;
    }
  }

  /** The waiters of some keys, the one that has waited longest first. */
  private static final class Bucket {
    volatile @Nullable Node head;
    private @Nullable Node tail;

    synchronized void link(Node node) {
      Node last = tail;
      if (last == null) {
        head = node;
      } else {
        last.next = node;
      }
      tail = node;
    }

    /** Unlinks one node; returns false when a waker has done so. */
    synchronized boolean tryUnlink(Node node) {
      Node previous = null;
      Node current = head;
      while (current != null && current != node) {
        previous = current;
        current = current.next;
      }
      if (current == null) {
        return false;
      }
      unlinkAfter(previous, current);
      return true;
    }

    /** Unlinks the first nodes of a key, up to a count, and returns them as a chain. */
    synchronized @Nullable Node unlink(long key, int countMax) {
      Node chain = null;
      Node chainLast = null;
      Node previous = null;
      Node current = head;
      for (int count = 0; current != null && count < countMax; ) {
        Node next = current.next;
        if (current.key == key) {
          unlinkAfter(previous, current);
          current.next = null;
          if (chainLast == null) {
            chain = current;
          } else {
            chainLast.next = current;
          }
          chainLast = current;
          count++;
        } else {
          previous = current;
        }
        current = next;
      }
      return chain;
    }

    private void unlinkAfter(@Nullable Node previous, Node node) {
      if (previous == null) {
        head = node.next;
      } else {
        previous.next = node.next;
      }
      if (node.next == null) {
        tail = previous;
      }
    }
  }
}
