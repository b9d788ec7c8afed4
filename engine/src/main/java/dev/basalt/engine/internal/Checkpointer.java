// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.engine.StoreClosedException;
import dev.basalt.engine.internal.wal.CheckpointMark;
import dev.basalt.engine.internal.wal.SuperblockArea;
import dev.basalt.engine.internal.wal.Wal;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes checkpoints while the store runs: everything dirty at the begin is written, the device is
 * flushed, the superblock names the new redo point, and the log before it is free. In between,
 * after an open, asks for the pages that the life before had in memory.
 *
 * <p><b>Concurrency.</b> An agent; its duty cycle waits for the device through the seam. {@link
 * #await} may be called by any thread; {@link #run} by the agent, and by the thread that opens or
 * closes the store while no agent runs. {@code requested} rises by an atomic add, {@code completed}
 * is written by the agent only; both are volatile.
 */
final class Checkpointer implements Agent {
  /** How long the pool gets to read some of the pages it was asked for, before it gets more. */
  private static final long WARM_INTERVAL_NANOS = 1_000_000;

  private static final VarHandle REQUESTED;

  static {
    try {
      REQUESTED = MethodHandles.lookup().findVarHandle(Checkpointer.class, "requested", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Wal wal;
  private final BufferPool pool;
  private final IoStack io;
  private final SuperblockArea superblocks;
  private final LongSupplier pageCount;
  private final UnfreedRuns unfreed;
  private final PendingRuns pendingRuns;
  private final HotPages hotPages;
  private final StoreFailure failure;
  private final ParkingLot lot;
  private final WaitCondition isIncomplete = this::isIncomplete;
  private @Nullable AgentHandle handle;

  @SuppressWarnings("FieldMayBeFinal") // written through REQUESTED
  private volatile long requested;

  /** The requests that a checkpoint has served. */
  private volatile long served;

  private volatile long completed;
  private volatile boolean isClosed;

  Checkpointer(
      StoreParts parts,
      LongSupplier pageCount,
      UnfreedRuns unfreed,
      PendingRuns pendingRuns,
      HotPages hotPages,
      StoreFailure failure,
      Execution execution) {
    wal = parts.wal();
    pool = parts.pool();
    io = parts.io();
    superblocks = parts.superblocks();
    this.pageCount = pageCount;
    this.unfreed = unfreed;
    this.pendingRuns = pendingRuns;
    this.hotPages = hotPages;
    this.failure = failure;
    lot = new ParkingLot(execution);
  }

  /** Starts the agent. Called once, after recovery. */
  void start(Execution execution) {
    AgentHandle started = execution.start("checkpointer", this);
    handle = started;
    wal.setCheckpointer(started::wake);
  }

  /** Takes one checkpoint. */
  void run(long redoLimit, boolean clean) throws IOException {
    unfreed.freeLeft();
    pendingRuns.renewAll();
    CheckpointMark mark = wal.beginCheckpoint(redoLimit);
    pool.writeBackAll();
    if (clean) {
      hotPages.save(); // flushed with the pages; else the log's space is not to wait for it
    }
    io.flush();
    wal.completeCheckpoint(mark, superblocks, pageCount.getAsLong(), clean);
    if (!clean) {
      hotPages.save();
    }
    // Whoever may take a checkpoint does so alone.
    long count = completed + 1;
    completed = count;
  }

  /** Returns the list of the pages in memory. */
  HotPages hotPages() {
    return hotPages;
  }

  /** Returns how many checkpoints were taken. */
  long completed() {
    return completed;
  }

  /** Asks for a checkpoint that begins after the call, and waits for it. */
  void await() {
    long ticket = (long) REQUESTED.getAndAdd(this, 1L) + 1;
    AgentHandle started = handle;
    if (started != null) {
      started.wake();
    }
    lot.awaitWhile(0, isIncomplete, ticket);
    failure.check();
    if (served < ticket) {
      throw new StoreClosedException("the store was closed");
    }
  }

  private boolean isIncomplete(long ticket) {
    return served < ticket && !failure.isPoisoned() && !isClosed;
  }

  @Override
  public int doWork() {
    if (!hasWork()) {
      return warm();
    }
    long ticket = requested;
    try {
      if (!failure.isPoisoned()) {
        run(Long.MAX_VALUE, false);
      }
    } catch (IOException | RuntimeException e) {
      failure.poison(e);
    } catch (Throwable e) { // Whatever ends the agent must reach those who wait for it.
      failure.poison(e);
      throw e;
    } finally {
      // Also of a poisoned store, so that nobody waits for ever; who waited finds the failure.
      served = ticket;
      lot.wakeAll(0);
    }
    return 1;
  }

  private int warm() {
    if (!hotPages.isWarming() || failure.isPoisoned()) {
      return 0;
    }
    try {
      return hotPages.warm();
    } catch (Throwable e) { // As above.
      failure.poison(e);
      lot.wakeAll(0);
      throw e;
    }
  }

  @Override
  public boolean hasWork() {
    return requested != served || wal.isCheckpointWanted() && !failure.isPoisoned();
  }

  @Override
  public void sleep(Execution execution, long nanos) {
    boolean isWarming = hotPages.isWarming() && !failure.isPoisoned();
    execution.parkNanos(this, isWarming ? Math.min(nanos, WARM_INTERVAL_NANOS) : nanos);
  }

  /** Ends the agent after the checkpoint it is taking. Idempotent. */
  void close() {
    isClosed = true;
    AgentHandle started = handle;
    if (started != null) {
      started.close();
    }
    lot.wakeAll(0);
  }
}
