// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoException;
import dev.basalt.iostack.IoStackStatistics;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries the blocking calls of many threads to one queue pair: callers publish preallocated
 * requests in a multi-producer ring, the poller's duty cycle queues a batch, rings the doorbell
 * once and completes what has come back.
 *
 * <p>A caller first takes a request from the pool, and the ring has as many slots as the pool has
 * requests; so publishing never waits, and all back-pressure is at the pool.
 *
 * <p><b>Concurrency.</b> {@link #execute} may be called by any thread; the duty cycle belongs to
 * the agent's thread.
 *
 * <ul>
 *   <li><b>End.</b> {@code closing} and {@code failure} are volatile. A caller takes its request
 *       (CAS) and then reads them; who ends the poller writes them and then waits until the pool is
 *       whole. So each call either sees the end and gives its request back, or is waited for.
 *   <li><b>Sleep.</b> A caller publishes, issues a full fence and reads the agent's sleeping flag;
 *       see {@link Agent}. A poller whose queue pair is full sleeps although its ring is not empty
 *       (facts, trap 5): only a completion lets it go on, and that wakes it.
 * </ul>
 */
public final class Poller implements Agent, CompletionSink {
  private static final long ROOM = 0;
  private static final long WHOLE = 1;
  private static final long FAILED_WAIT_NANOS = 50_000;

  private final Execution execution;
  private final QueuePair queuePair;
  private final RequestPool pool;
  private final RingBuffer<Slot> ring;
  private final Sequence consumed = new Sequence();
  private final ParkingLot lot;
  private final WaitCondition hasNoRoom = _ -> hasNoRoom();
  private final WaitCondition isNotWhole = _ -> isNotWhole();
  private final PollerCounters counters = new PollerCounters();
  private final LongAdder roomWaits = new LongAdder();
  private @Nullable AgentHandle handle;

  private volatile boolean closing;
  private volatile @Nullable Throwable failure;
  private volatile Consumer<Throwable> listener = _ -> {};

  /** Taken from the ring while the queue pair had no room. Agent's thread only. */
  private @Nullable IoRequest deferred;

  /**
   * Creates a poller that is not started.
   *
   * @param queuePair its queue pair, which the poller closes
   * @param ringSize the number of requests, a power of two
   * @param execution the seam to wait through
   */
  public Poller(QueuePair queuePair, int ringSize, Execution execution) {
    this.queuePair = queuePair;
    this.execution = execution;
    pool = new RequestPool(ringSize);
    ring = RingBuffer.createMultiProducer(Slot::new, ringSize, new BusySpinWaitStrategy());
    ring.addGatingSequences(consumed);
    lot = new ParkingLot(execution);
  }

  /**
   * Starts the poller's agent.
   *
   * @param name the thread's name
   */
  public void start(String name) {
    handle = execution.start(name, this);
  }

  /**
   * Runs one command and waits for its end, interrupted or not.
   *
   * @param command what to do
   * @param lba the first block
   * @param lbaCount how many blocks
   * @param address where the data is or goes, when in one piece
   * @param vector the pieces, of a vectored command
   * @throws IoException when the device reports an error or the poller has failed
   * @throws IllegalArgumentException when the queue pair refuses the parameters
   * @throws IllegalStateException when the stack is closed
   */
  public void execute(
      IoCommand command, long lba, long lbaCount, long address, @Nullable IoVector vector)
      throws IoException {
    IoRequest request = acquire();
    request.set(command, lba, lbaCount, address, vector);
    publish(request);
    int status = request.await(execution);
    RuntimeException rejection = request.rejection();
    if (status == IoStatus.SUCCESS) {
      release(request);
    } else {
      String text = request.toString();
      release(request);
      throw failed(text, status, rejection);
    }
  }

  /**
   * Sets who is told what has ended the poller, also when it has ended before.
   *
   * @param newListener called on the poller's thread or the caller's; must not wait
   */
  public void whenFailed(Consumer<Throwable> newListener) {
    listener = newListener;
    Throwable found = failure;
    if (found != null) {
      newListener.accept(found);
    }
  }

  /**
   * Drains: new calls fail, those under way end, then the agent and the queue pair are closed.
   * Idempotent.
   */
  public void close() {
    closing = true;
    lot.wakeAll(ROOM);
    lot.awaitWhile(WHOLE, isNotWhole, 0);
    if (handle == null) {
      queuePair.close();
    } else {
      handle.close();
    }
  }

  /**
   * Returns what was done.
   *
   * @return a snapshot, each number exact at some moment during the call
   */
  public IoStackStatistics statistics() {
    return counters.snapshot(roomWaits.sum());
  }

  @Override
  public int doWork() {
    try {
      int queued = drain();
      if (queued > 0) {
        counters.batch();
      }
      queuePair.submit();
      int completed = queuePair.poll(this, queuePair.depth());
      return queued + completed;
    } catch (Throwable e) { // Whatever ends the poller must reach those who wait for it.
      fail(e);
      throw e;
    }
  }

  @Override
  public boolean hasWork() {
    if (deferred != null) {
      return queuePair.inFlight() == 0;
    }
    return queuePair.inFlight() < queuePair.depth() && ring.isAvailable(consumed.get() + 1);
  }

  @Override
  public void sleep(Execution seam, long nanos) {
    counters.sleep();
    try {
      queuePair.sleep(nanos);
    } catch (Throwable e) { // As in doWork.
      fail(e);
      throw e;
    }
  }

  @Override
  public void wake(Execution seam, Thread thread) {
    queuePair.wake();
  }

  @Override
  public void onCompletion(long tag, int status) {
    IoRequest request = pool.get((int) tag);
    request.isInFlight = false;
    counters.complete(request.command, status);
    request.complete(status, execution);
  }

  @Override
  public void onClose() {
    try {
      queuePair.close(); // first: until then the callers' memory belongs to the device
    } finally {
      failCallers();
    }
  }

  private void fail(Throwable cause) {
    failure = cause;
    listener.accept(cause);
  }

  private int drain() {
    int queued = 0;
    long sequence = consumed.get();
    IoRequest request = deferred != null ? deferred : next(sequence + 1);
    while (request != null && queuePair.inFlight() < queuePair.depth()) {
      if (request != deferred) {
        sequence++;
      }
      deferred = null;
      if (!tryQueue(request)) {
        deferred = request;
        break;
      }
      queued++;
      request = next(sequence + 1);
    }
    // Before any of the requests can complete: a slot is free before its request is.
    consumed.set(sequence);
    return queued;
  }

  private @Nullable IoRequest next(long sequence) {
    return ring.isAvailable(sequence) ? ring.get(sequence).request : null;
  }

  /** Queues a request or ends it as refused; returns false when the queue pair has no room. */
  private boolean tryQueue(IoRequest request) {
    try {
      request.isInFlight = true;
      boolean queued = request.tryQueue(queuePair);
      request.isInFlight = queued;
      return queued;
    } catch (IllegalArgumentException e) {
      request.isInFlight = false;
      request.reject(e, execution);
      return true;
    }
  }

  private IoRequest acquire() throws IoException {
    int index = pool.tryAcquire();
    while (index < 0) {
      checkOpen();
      roomWaits.increment();
      lot.awaitWhile(ROOM, hasNoRoom, 0);
      index = pool.tryAcquire();
    }
    IoRequest request = pool.get(index);
    if (closing || failure != null) {
      release(request);
      checkOpen();
    }
    return request;
  }

  private void publish(IoRequest request) {
    long sequence = ring.next(); // never waits: as many slots as requests
    ring.get(sequence).request = request;
    ring.publish(sequence);
    // The request must be seen before the sleeping flag is read; pairs with the agent's sleep.
    VarHandle.fullFence();
    Objects.requireNonNull(handle).wake();
  }

  private void release(IoRequest request) {
    pool.release(request.index);
    lot.wakeOne(ROOM);
    if (closing) {
      lot.wakeAll(WHOLE);
    }
  }

  private void checkOpen() throws IoException {
    Throwable cause = failure;
    if (cause != null) {
      throw new IoException("I/O poller has failed: " + cause, IoStatus.ABORTED, cause);
    }
    if (closing) {
      throw new IllegalStateException("I/O stack is closed");
    }
  }

  private IoException failed(String text, int status, @Nullable RuntimeException rejection) {
    if (rejection != null) {
      throw new IllegalArgumentException(rejection.getMessage(), rejection);
    }
    return new IoException(text + " failed: " + IoStatus.describe(status), status, failure);
  }

  /** After a failure: ends every call under way or about to be published. */
  private void failCallers() {
    for (int i = 0; i < pool.size(); i++) {
      IoRequest request = pool.get(i);
      if (request.isInFlight) {
        request.isInFlight = false;
        request.complete(IoStatus.ABORTED, execution);
      }
    }
    while (failure != null && !pool.isWhole()) {
      lot.wakeAll(ROOM);
      failPublished();
      execution.parkNanos(this, FAILED_WAIT_NANOS);
    }
  }

  private void failPublished() {
    IoRequest request = deferred;
    deferred = null;
    if (request != null) {
      request.complete(IoStatus.ABORTED, execution);
    }
    long sequence = consumed.get() + 1;
    for (request = next(sequence); request != null; request = next(++sequence)) {
      consumed.set(sequence);
      request.complete(IoStatus.ABORTED, execution);
    }
  }

  private boolean hasNoRoom() {
    return pool.isEmpty() && !closing && failure == null;
  }

  private boolean isNotWhole() {
    return !pool.isWhole();
  }

  /** A slot of the ring. */
  private static final class Slot {
    @Nullable IoRequest request;
  }
}
