// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One blocking call on its way through a poller. Preallocated and reused.
 *
 * <p><b>Concurrency.</b> Owned by the caller from {@link RequestPool#tryAcquire} until it is
 * published in the poller's ring, by the poller until {@link #complete}, then by the caller again
 * until {@link RequestPool#release}.
 *
 * <pre>
 *  PENDING --caller: CAS, before it parks--> PARKED
 *     |                                        |
 *     +------poller: getAndSet, complete------>+--> DONE  (unparks when it was PARKED)
 * </pre>
 *
 * The poller's getAndSet releases {@code status} and {@code rejection}; the caller's volatile load
 * of DONE acquires them.
 */
public final class IoRequest {
  private static final int PENDING = 0;
  private static final int PARKED = 1;
  private static final int DONE = 2;
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(IoRequest.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final int index;

  IoCommand command = IoCommand.FLUSH;
  private long lba;
  private long lbaCount;
  private long address;
  private @Nullable IoVector vector;
  private @Nullable Thread caller;

  private volatile int state = DONE;
  private int status;
  private @Nullable RuntimeException rejection;

  /** Whether the device has it. Used by the poller's thread only. */
  boolean isInFlight;

  IoRequest(int index) {
    this.index = index;
  }

  /**
   * Fills the request for a call of the current thread.
   *
   * @param newCommand what to do
   * @param newLba the first block
   * @param newLbaCount how many blocks
   * @param newAddress memory, or 0
   * @param newVector pieces of memory, or null
   */
  public void set(
      IoCommand newCommand,
      long newLba,
      long newLbaCount,
      long newAddress,
      @Nullable IoVector newVector) {
    command = newCommand;
    lba = newLba;
    lbaCount = newLbaCount;
    address = newAddress;
    vector = newVector;
    caller = Thread.currentThread();
    rejection = null;
    // Plain: published with the request in the ring.
    STATE.set(this, PENDING);
  }

  /** Queues the command; returns false when the queue pair has no room. */
  boolean tryQueue(QueuePair queuePair) {
    return switch (command) {
      case READ -> queuePair.tryRead(lba, (int) lbaCount, address, index);
      case WRITE -> queuePair.tryWrite(lba, (int) lbaCount, address, index);
      case READ_VECTORED -> queuePair.tryReadVectored(lba, pieces(), index);
      case WRITE_VECTORED -> queuePair.tryWriteVectored(lba, pieces(), index);
      case FLUSH -> queuePair.tryFlush(index);
      case DEALLOCATE -> queuePair.tryDeallocate(lba, lbaCount, index);
      case WRITE_ZEROES -> queuePair.tryWriteZeroes(lba, lbaCount, index);
    };
  }

  private IoVector pieces() {
    IoVector pieces = vector;
    if (pieces == null) {
      throw new IllegalArgumentException("a vectored command needs a vector");
    }
    return pieces;
  }

  /**
   * Ends the call: hands the status to the caller, who may reuse the request at once.
   *
   * @param newStatus an {@link IoStatus}
   * @param execution wakes the caller
   */
  public void complete(int newStatus, Execution execution) {
    status = newStatus;
    Thread waiter = caller; // before the caller may go on
    if ((int) STATE.getAndSet(this, DONE) == PARKED && waiter != null) {
      execution.unpark(waiter);
    }
  }

  /** Ends the call of a command that the queue pair has refused to queue. */
  void reject(RuntimeException reason, Execution execution) {
    rejection = reason;
    complete(IoStatus.ABORTED, execution);
  }

  /**
   * Waits for the end, interrupted or not; an interrupt's status is kept. Parks without spinning:
   * no device answers within a spin, and a spinning virtual thread keeps the others off its
   * carrier.
   *
   * @param execution the seam to wait through
   * @return the {@link IoStatus} of the command
   */
  public int await(Execution execution) {
    boolean interrupted = false;
    if (state == PENDING) {
      STATE.compareAndSet(this, PENDING, PARKED);
      while (state != DONE) {
        execution.park(this);
        interrupted |= Thread.interrupted();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return status;
  }

  @Nullable RuntimeException rejection() {
    return rejection;
  }

  @Override
  public String toString() {
    String blocks = lbaCount == 0 ? "" : " of " + lbaCount + " blocks at LBA " + lba;
    return command + blocks;
  }
}
