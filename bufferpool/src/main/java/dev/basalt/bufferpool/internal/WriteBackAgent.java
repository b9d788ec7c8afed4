// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes pages on request, for checkpoints, with a queue pair of its own, so that a checkpoint does
 * not hold up the page provider. One request at a time, in the order of page ids.
 *
 * <p>A page counts as dirty also while it is latched exclusively (its holder may have changed it
 * and says so only at the end) and while a write is in flight (it may be dirty again): such pages
 * are looked at again until they stand still. A request is done when all its pages were found clean
 * or have been written by this agent.
 *
 * <p><b>Concurrency.</b> One agent. {@link #write} may be called by any thread: it adds its
 * request, wakes the agent and waits under the request's key. The agent marks the request as done
 * (volatile) and then wakes the waiter. When the pool fails, waits end too: a request that is added
 * later finds the failure in its first look.
 */
public final class WriteBackAgent implements Agent, CompletionSink {
  private static final int QUEUE_DEPTH = 64;
  private static final int PAGES_AT_FIRST = 1024;
  private static final long BLOCKED_NANOS = 100_000;

  /** Keys from here down; those above are taken by frames. */
  private static final long KEY_FIRST = -2;

  private final PoolParts parts;
  private final QueuePair queuePair;
  private final PageWriter writer;
  private final ConcurrentLinkedQueue<WriteBackRequest> requests = new ConcurrentLinkedQueue<>();
  private final AtomicLong keyNext = new AtomicLong(KEY_FIRST);
  private @Nullable AgentHandle handle;

  /** Agent's thread only. */
  private @Nullable WriteBackRequest current;

  /** Whether the last duty cycle found all remaining pages busy. Agent's thread only. */
  private boolean isBlocked;

  private WriteBackAgent(PoolParts parts, QueuePair queuePair, int stagingPages) {
    this.parts = parts;
    this.queuePair = queuePair;
    writer = new PageWriter(parts, queuePair, stagingPages, _ -> {});
  }

  /**
   * Starts the agent.
   *
   * @param parts the pool's parts
   * @param queuePair its own queue pair, which the agent closes
   * @param stagingPages how many pages may be on their way to the device
   * @return the running agent
   */
  public static WriteBackAgent start(PoolParts parts, QueuePair queuePair, int stagingPages) {
    WriteBackAgent agent = new WriteBackAgent(parts, queuePair, stagingPages);
    agent.handle = parts.execution().start("page-writer", agent);
    return agent;
  }

  /**
   * Returns how many commands the agent has in flight at most.
   *
   * @param depthMax the device's limit
   * @return the depth of the queue pair it needs
   */
  public static int queueDepth(int depthMax) {
    return Math.min(QUEUE_DEPTH, depthMax);
  }

  /**
   * Writes pages, if dirty, and waits until the device has them.
   *
   * @param pageIds the pages
   * @param count how many of them
   * @throws IOException when the pool has failed
   */
  public void write(long[] pageIds, int count) throws IOException {
    PageIds pages = new PageIds(Math.max(count, 1));
    for (int i = 0; i < count; i++) {
      pages.add(pageIds[i]);
    }
    write(pages);
  }

  /**
   * Writes every page that is dirty at the call, and waits until the device has them.
   *
   * @throws IOException when the pool has failed
   */
  public void writeAll() throws IOException {
    ResidentSet resident = parts.resident();
    PageIds pages = new PageIds(PAGES_AT_FIRST);
    for (int slot = 0; slot < resident.slotCount(); slot++) {
      long pageId = resident.slot(slot);
      if (pageId != ResidentSet.NONE && mayBeDirty(parts.states().wordVolatile(pageId))) {
        pages.addGrowing(pageId);
      }
    }
    write(pages);
  }

  private static boolean mayBeDirty(long word) {
    return PageStates.isDirty(word)
        || PageStates.isWriting(word)
        || PageStates.state(word) == PageStates.EXCLUSIVE;
  }

  private void write(PageIds pages) throws IOException {
    parts.failure().check();
    if (pages.isEmpty()) {
      return;
    }
    WriteBackRequest request =
        new WriteBackRequest(keyNext.getAndDecrement(), parts.failure(), pages);
    requests.add(request);
    AgentHandle running = handle;
    if (running != null) {
      running.wake();
    }
    parts.lot().awaitWhile(request.key, request, 0);
    parts.failure().check();
  }

  /** Ends the agent and waits for its commands. Idempotent. */
  public void close() {
    AgentHandle running = handle;
    if (running != null) {
      running.close();
    }
  }

  @Override
  public int doWork() {
    try {
      int done = queuePair.poll(this, queuePair.depth());
      if (parts.failure().hasFailed()) {
        endRequests();
      } else {
        done += advance();
      }
      queuePair.submit();
      return done;
    } catch (Throwable e) { // Whatever ends the agent must reach those who wait for it.
      parts.fail(e);
      throw e;
    }
  }

  @Override
  public boolean hasWork() {
    if (parts.failure().hasFailed()) {
      return current != null;
    }
    return !isBlocked && (current != null || !requests.isEmpty());
  }

  @Override
  public void sleep(Execution execution, long nanos) {
    try {
      queuePair.sleep(isBlocked ? Math.min(nanos, BLOCKED_NANOS) : nanos);
    } catch (Throwable e) { // As in doWork.
      parts.fail(e);
      throw e;
    }
    isBlocked = false;
  }

  @Override
  public void wake(Execution execution, Thread thread) {
    queuePair.wake();
  }

  @Override
  public void onCompletion(long tag, int status) {
    writer.onCompletion((int) tag, status);
  }

  @Override
  public void onClose() {
    parts.fail(new IllegalStateException("the page writer has ended"));
    try {
      queuePair.close(); // first: until then the staging memory belongs to the device
    } finally {
      writer.close();
      endRequests();
    }
  }

  private int advance() {
    WriteBackRequest request = current != null ? current : requests.poll();
    current = request;
    if (request == null) {
      return 0;
    }
    int done = request.stage(writer);
    writer.issue();
    if (request.isStaged() && writer.inFlight() == 0) {
      end(request);
      current = null;
      done++;
    }
    isBlocked = done == 0;
    return done;
  }

  private void endRequests() {
    WriteBackRequest request = current != null ? current : requests.poll();
    while (request != null) {
      end(request);
      request = requests.poll();
    }
    current = null;
  }

  private void end(WriteBackRequest request) {
    request.done();
    parts.lot().wakeAll(request.key);
  }
}
