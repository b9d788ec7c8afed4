// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import static dev.basalt.linux.SubmissionEntry.OP_READ;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.Errno;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.IoUring;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.SubmissionEntry;
import dev.basalt.linux.VirtualMemory;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What queue pairs over one io_uring have in common: whose it is, batches, completions, sleep and
 * the end. Subclasses say what the commands are. Each batch is one io_uring_enter(2), which also
 * has completions posted.
 *
 * <p><b>Sleep.</b> In the kernel, with a read of the waker armed in the same ring. A polled ring
 * takes no such read, and nothing tells when its commands are done: its owner sleeps as {@link
 * QueueSleep} says.
 *
 * <p><b>Ownership.</b> The queue pair owns the ring, the waker and one region of memory that the
 * kernel reads from and writes to: 8 bytes for the waker, and what the subclass asks for. The
 * region is unmapped after the last completion, see {@link #close}.
 *
 * <p><b>Concurrency.</b> The first thread that uses the queue pair owns it, because the kernel
 * binds the ring to it; others get an {@link IllegalStateException}, from Linux 6.1 on. {@link
 * #wake} may be called by any thread, see {@link RingWaker}. {@link #close} may be called by
 * another thread once nothing is in flight.
 */
public abstract class RingQueuePair implements QueuePair {
  private static final CompletionSink NOBODY = (_, _) -> {};

  /** What {@link #settle} returns for a command that goes on. */
  protected static final int CONTINUED = -1;

  /** The index of the file among the registered ones. */
  protected static final int FILE_INDEX = 0;

  private static final int WAKER_INDEX = 1;
  private static final long WAKE = -1;
  private static final long WAKER_READ = SubmissionEntry.head(OP_READ, WAKER_INDEX);
  private static final long CLOSE_WAIT_NANOS = 100_000_000;

  /** Entries beyond the depth, for the waker and for cancels. */
  private static final int SPARE_ENTRIES = 8;

  private static final int MEMORY_OFFSET = 4096;

  private static final int NEW = 0;
  private static final int OPEN = 1;
  private static final int CLOSED = 2;

  /** The ring; the subclass queues commands in it. */
  protected final IoUring ring;

  private final CommandSlots slots;
  private final OpenQueuePairs openQueuePairs;
  private final MappedRegion region;

  /** Null on a polled ring. */
  private final @Nullable RingWaker waker;

  /** Of a polled ring. */
  private final QueueSleep sleep;

  private final BooleanSupplier isQuiet = this::isQuiet;

  private int state = NEW;
  private @Nullable Thread owner;
  private boolean isArmed;
  private boolean isPolling;

  /**
   * Opens a queue pair that nobody owns yet.
   *
   * @param slots its commands
   * @param openQueuePairs counts it
   * @param execution the seam for naps
   * @param kind of the ring
   * @param fd of the file or device, to be registered
   * @param memoryBytes how much memory the subclass needs, 0 or more
   * @param buffers to be registered, as {@link IoUring#registerBuffers} takes them; may be empty
   * @throws ErrnoException when the kernel refuses, with the advice
   */
  protected RingQueuePair(
      CommandSlots slots,
      OpenQueuePairs openQueuePairs,
      Execution execution,
      IoUring.Kind kind,
      int fd,
      long memoryBytes,
      long... buffers)
      throws ErrnoException {
    this.slots = slots;
    this.openQueuePairs = openQueuePairs;
    openQueuePairs.add(); // first: from here on the file stays open
    MappedRegion memory = null;
    RingWaker bell = null;
    IoUring opened = null;
    boolean isReady = false;
    try {
      memory = VirtualMemory.reserve(MEMORY_OFFSET + memoryBytes);
      opened = new IoUring(slots.depth() + SPARE_ENTRIES, kind);
      if (kind == IoUring.Kind.POLLED_COMMANDS) {
        opened.registerFiles(fd);
      } else {
        bell = new RingWaker();
        opened.registerFiles(fd, bell.fd());
      }
      if (buffers.length > 0) {
        opened.registerBuffers(buffers);
      }
      isReady = true;
    } finally {
      if (!isReady) {
        closeAll(opened, bell, memory);
        openQueuePairs.remove();
      }
    }
    region = memory;
    ring = opened;
    waker = bell;
    sleep = new QueueSleep(execution, null);
  }

  private static void closeAll(
      @Nullable IoUring ring, @Nullable RingWaker waker, @Nullable MappedRegion region) {
    if (waker != null) {
      waker.close();
    }
    if (ring != null) {
      ring.close();
    }
    if (region != null) {
      region.close();
    }
  }

  /**
   * Looks at what the kernel says of a command.
   *
   * @param slot of the command
   * @param result of its completion
   * @return its status, or {@link #CONTINUED} when it was queued again to go on
   */
  protected abstract int settle(int slot, int result);

  /**
   * Returns the memory that the subclass has asked for.
   *
   * @return absolute address, aligned to 4 KiB
   */
  protected final long memory() {
    return region.address() + MEMORY_OFFSET;
  }

  @Override
  public final int depth() {
    return slots.depth();
  }

  @Override
  public final int inFlight() {
    return slots.inFlight();
  }

  @Override
  public final void submit() {
    checkOwned();
    if (ring.unsubmitted() > 0) {
      enter();
    }
  }

  @Override
  public final int poll(CompletionSink sink, int max) {
    checkOwned();
    boolean isOuter = !isPolling;
    isPolling = true;
    try {
      return deliver(sink, max);
    } finally {
      isPolling = !isOuter;
    }
  }

  private int deliver(CompletionSink sink, int max) {
    int delivered = 0;
    boolean mayEnter = true;
    while (delivered < max) {
      long completion = ring.completion();
      if (completion == 0) {
        if (!mayEnter || !wantsEnter()) {
          break;
        }
        mayEnter = false;
        enter();
        continue;
      }
      long userData = IoUring.userData(completion);
      int result = IoUring.result(completion);
      ring.advance();
      int slot = (int) userData;
      int status = slot < 0 ? ownEntry(userData) : settle(slot, result);
      if (status != CONTINUED) {
        long tag = slots.tag(slot);
        slots.release(slot);
        delivered++;
        sink.onCompletion(tag, status);
      }
    }
    return delivered;
  }

  @Override
  public final void sleep(long nanos) {
    checkOwned();
    if (waker == null) {
      submit();
      sleep.sleep(nanos, inFlight() > 0, isQuiet);
    } else if (ring.completion() != 0 || !waker.tryFallAsleep()) {
      submit();
    } else {
      try {
        arm();
        check(ring.await(nanos));
      } finally {
        waker.awake();
      }
    }
  }

  @Override
  public final void wake() {
    if (waker == null) {
      sleep.wake();
    } else {
      waker.wake();
    }
  }

  /**
   * Waits for the commands in flight. Memory stays reserved when the owner still lives, is another
   * thread and has a read of the waker armed: the kernel ends that some time after the ring, so its
   * 8 bytes are not given back.
   */
  @Override
  public final void close() {
    if (state == CLOSED) {
      return;
    }
    if (Thread.currentThread().equals(owner)) {
      if (isPolling) {
        throw new IllegalStateException("a completion's receiver cannot close the queue pair");
      }
      drain();
    } else if (inFlight() > 0 && owner != null && owner.isAlive()) {
      throw new IllegalStateException(
          inFlight() + " commands are in flight; only " + owner.getName() + " can wait for them");
    }
    state = CLOSED;
    boolean isUnused = !isArmed || (owner != null && !owner.isAlive());
    closeAll(ring, waker, isUnused ? region : null);
    openQueuePairs.remove();
  }

  /** Makes the calling thread the owner of a queue pair that has none. */
  protected final void checkOwned() {
    if (state != OPEN) {
      own();
    }
  }

  /** Hands over what is queued and has completions posted. */
  protected final void enter() {
    check(ring.submit());
  }

  private boolean isPolled() {
    return waker == null;
  }

  private boolean isQuiet() {
    return ring.completion() == 0;
  }

  private boolean wantsEnter() {
    return ring.unsubmitted() > 0 || ring.needsEnter() && (inFlight() > 0 || !isPolled());
  }

  private int ownEntry(long userData) {
    if (userData == WAKE) {
      isArmed = false;
    }
    return CONTINUED;
  }

  private void arm() {
    if (!isArmed) {
      isArmed = true;
      while (!ring.tryQueue(WAKER_READ, 0, region.address(), Long.BYTES, WAKE)) {
        enter();
      }
    }
  }

  private void drain() {
    while (inFlight() > 0) {
      await();
    }
    if (isArmed && waker != null) {
      waker.signal();
    }
    while (isArmed) {
      await();
    }
  }

  private void await() {
    if (isPolled()) {
      submit();
      sleep.sleep(CLOSE_WAIT_NANOS, true, isQuiet);
    } else {
      check(ring.await(CLOSE_WAIT_NANOS));
    }
    poll(NOBODY, depth());
  }

  /** Commands the kernel did not take now stay queued for the next time. */
  private void check(int result) {
    switch (-result) {
      case Errno.ETIME, Errno.EINTR, Errno.EAGAIN, Errno.EBUSY -> {}
      case Errno.EEXIST -> throw new IllegalStateException("queue pair is owned by " + owner);
      default -> {
        if (result < 0) {
          throw new IllegalStateException(
              new ErrnoException("io_uring_enter(" + ring.mode() + ")", -result));
        }
      }
    }
  }

  private void own() {
    if (state == CLOSED) {
      throw new IllegalStateException("queue pair is closed");
    }
    try {
      ring.enable();
    } catch (ErrnoException e) {
      throw new IllegalStateException(e);
    }
    owner = Thread.currentThread();
    state = OPEN;
  }
}
