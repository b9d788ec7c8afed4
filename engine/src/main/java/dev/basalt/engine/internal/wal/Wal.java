// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import dev.basalt.bufferpool.LogGate;
import dev.basalt.index.StructureChange;
import dev.basalt.index.StructureLog;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.io.IOException;
import java.lang.ref.Reference;
import java.util.function.Consumer;

/**
 * The write-ahead log of a store.
 *
 * <p>The way of a commit: {@link #admit} the most bytes it can need, lock its keys, {@link
 * #append(CommitRecord)}, apply it to the pages, {@link #applied}, {@link #awaitDurable} in mode
 * {@code sync}, {@link #release}. The way of a checkpoint: {@link #beginCheckpoint}, write the
 * dirty pages, flush the device, {@link #completeCheckpoint}.
 *
 * <p>When a log write or flush fails, the log has ended: nothing becomes durable any more, and
 * every later call and every waiter fails with the first cause.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread but for checkpoints, of which
 * there is one at a time. Appends are ordered by one latch, held for the copy of one record; LSN,
 * commit sequence and the entry in flight are taken under it together. {@code horizonLsn} is
 * volatile; see {@link ChangeSections} for what it orders.
 */
public final class Wal implements LogGate, StructureLog, AutoCloseable {
  private static final int IN_FLIGHT_COUNT_MAX = 1 << 14;

  private final LogRegion region;
  private final StoreLayout layout;
  private final CheckpointState start;
  private final int epoch;
  private final int logTag;
  private final long startLsn;
  private final boolean pageWritesAtomic;

  private final ParkingLot lot;
  private final LogBuffer buffer;
  private final LogProgress progress;
  private final LogSpace space;
  private final AppendLatch latch;
  private final InFlightTable inFlight;
  private final ChangeSections sections;
  private final StructureRecord structureRecord;
  private final LogWriterCounters counters;
  private final AgentHandle writerHandle;
  private final long eagerBytes;
  private final WaitCondition hasNoRoom = this::hasNoRoom;
  private final WaitCondition hasNoEntry = _ -> hasNoEntry();

  private volatile long horizonLsn;

  private Wal(
      IoStack io,
      StoreLayout layout,
      CheckpointState start,
      LogPosition position,
      WalConfig config,
      Execution execution)
      throws IOException {
    this.layout = layout;
    this.start = start;
    BlockDevice device = io.device();
    region = layout.logRegion(device.capabilities().blockBytes());
    epoch = position.epoch();
    startLsn = position.endLsn();
    logTag = layout.storeTag();
    pageWritesAtomic = config.pageWritesAtomic();
    horizonLsn = start.beginLsn();
    lot = new ParkingLot(execution);
    buffer = new LogBuffer(region.bufferBytes(), startLsn);
    loadTail(io);
    progress = new LogProgress(lot, startLsn);
    space = new LogSpace(region, buffer, progress, lot, execution, config, start);
    latch = new AppendLatch(lot, LogProgress.KEY_LATCH);
    inFlight = new InFlightTable(IN_FLIGHT_COUNT_MAX, position.commitSequence());
    sections = new ChangeSections(lot, LogProgress.KEY_SECTIONS);
    structureRecord = new StructureRecord(epoch, logTag);
    eagerBytes = LogWriter.eagerBytes(buffer);
    LogWriter writer = new LogWriter(io, region, buffer, progress, config, execution);
    counters = writer.counters();
    AgentHandle started = null;
    try {
      started = execution.start("log-writer", writer);
    } finally {
      if (started == null) {
        writer.onClose();
      }
    }
    writerHandle = started;
    io.flushes().whenEnded(writerHandle::wake);
  }

  /**
   * Opens the log for appending and starts its writer. The superblock must name the position's
   * epoch already, durably.
   *
   * @param io the device
   * @param layout where the log is
   * @param start where recovery begins, as the superblock in force says
   * @param position where the log ends, as {@link LogReader} found it
   * @param config how it is written
   * @param execution the seam to wait through
   * @return the log, to be closed by the caller
   * @throws IOException when the device reports an error or has no queue pair left
   */
  public static Wal open(
      IoStack io,
      StoreLayout layout,
      CheckpointState start,
      LogPosition position,
      WalConfig config,
      Execution execution)
      throws IOException {
    return new Wal(io, layout, start, position, config, execution);
  }

  /**
   * Appends a commit. From its return to {@link #applied} the commit is in flight.
   *
   * @param record the puts and deletes; gets its LSN and commit sequence
   * @return the LSN
   * @throws LogFailedException when the log has failed
   * @throws IllegalArgumentException when the record is longer than {@link #recordBytesMax}
   */
  public long append(CommitRecord record) throws LogFailedException {
    checkLength(record.lengthBytes());
    record.seal();
    latchWithRoom(record.lengthBytes(), true);
    long lsn = buffer.appendedLsn();
    try {
      record.complete(lsn, progress.durableLsn(), inFlight.register(lsn), epoch, logTag);
      buffer.put(lsn, record.address(), record.lengthBytes());
      buffer.publish(lsn + record.lengthBytes());
    } finally {
      Reference.reachabilityFence(record); // its memory was read by address
      latch.unlatch();
    }
    appended(lsn, lsn + record.lengthBytes());
    return lsn;
  }

  /**
   * Appends a structure record. The caller holds page latches; the only wait is for the log writer
   * to free room in the log buffer, and that one takes no latch.
   *
   * <p>A run that the record starts is in flight from now on. One that it ends is not any more: the
   * pages of this record are changed in a section that the next checkpoint waits for.
   */
  @Override
  public long append(StructureChange change) throws LogFailedException {
    int length = checkLength(StructureRecord.lengthBytes(change));
    latchWithRoom(length, false);
    long lsn = buffer.appendedLsn();
    try {
      buffer.put(lsn, structureRecord.encode(change, length, lsn, progress.durableLsn()), length);
      trackRuns(change, lsn);
      buffer.publish(lsn + length);
    } finally {
      latch.unlatch();
    }
    appended(lsn, lsn + length);
    return lsn;
  }

  /**
   * Notes that a commit is in the pages.
   *
   * @param commitSequence the commit's sequence
   */
  public void applied(long commitSequence) {
    if (inFlight.complete(commitSequence)) {
      lot.wakeAll(LogProgress.KEY_IN_FLIGHT);
    }
  }

  /**
   * Returns the commit sequence up to which all commits are in the pages.
   *
   * @return the sequence
   */
  public long appliedSequence() {
    return inFlight.applied();
  }

  /**
   * Notes that the commit that publishes a run is applied. Does nothing when the run has ended.
   *
   * @param runLsn the LSN of the record that allocated it
   */
  public void closeRun(long runLsn) {
    latch.latch();
    try {
      inFlight.closeRun(runLsn);
    } finally {
      latch.unlatch();
    }
  }

  /**
   * Returns the most that one operation can be admitted with.
   *
   * @return bytes
   */
  public long admissibleBytesMax() {
    return space.admissibleBytesMax();
  }

  @Override
  public int recordBytesMax() {
    return region.recordBytesMax();
  }

  @Override
  public void changeLost() {
    progress.fail("broken invariant: a structure change could not be logged", null);
  }

  /**
   * Returns the end of the log.
   *
   * @return the LSN of the next record
   */
  public long appendedLsn() {
    return buffer.appendedLsn();
  }

  @Override
  public long durableLsn() {
    return progress.durableLsn();
  }

  @Override
  public void requestDurable(long lsn) {
    if (lsn >= progress.durableLsn() && progress.want(lsn)) {
      writerHandle.wake();
    }
  }

  @Override
  public void check() throws LogFailedException {
    progress.check();
  }

  @Override
  public void awaitDurable(long lsn) throws LogFailedException {
    if (lsn < progress.durableLsn()) {
      return;
    }
    requestDurable(lsn);
    progress.await(lsn);
  }

  /**
   * Admits an operation, before it takes any latch: waits until the log has room for all it may
   * append, asking for checkpoints meanwhile. To be paired with {@link #release}.
   *
   * @param bytes the most bytes it can append
   * @throws LogFullException when there is no room in time, or can never be
   * @throws LogFailedException when the log has failed
   */
  public void admit(long bytes) throws LogFullException, LogFailedException {
    progress.check();
    space.admit(bytes);
  }

  /**
   * Admits an operation if there is room now.
   *
   * @param bytes the most bytes it can append
   * @return false when there is no room
   */
  public boolean tryAdmit(long bytes) {
    return space.tryAdmit(bytes);
  }

  /**
   * Admits what a checkpoint appends before it begins, if there is room now, part of the reserve
   * included: nobody else can make room then.
   *
   * @param bytes the most bytes it can append
   * @return false when there is no room
   */
  public boolean tryAdmitFromReserve(long bytes) {
    return space.tryAdmitFromReserve(bytes);
  }

  /**
   * Ends what {@link #admit} began, after the operation's last append.
   *
   * @param bytes as admitted
   */
  public void release(long bytes) {
    space.release(bytes);
  }

  /**
   * Sets who is told that a checkpoint is wanted.
   *
   * @param wake called by appending threads, often more than once; must not wait
   */
  public void setCheckpointer(Runnable wake) {
    space.setCheckpointer(wake);
  }

  /**
   * Sets who is told when the log has failed, or is closed.
   *
   * @param listener called with the first cause by whoever found it, perhaps more than once; must
   *     not wait
   */
  public void whenFailed(Consumer<Throwable> listener) {
    progress.whenFailed(listener);
  }

  /**
   * Tells whether a checkpoint is wanted: the log has grown, or somebody waits for space.
   *
   * @return true until the next checkpoint begins
   */
  public boolean isCheckpointWanted() {
    return space.isCheckpointWanted();
  }

  /**
   * Begins a checkpoint: moves the image horizon to the end of the log, takes the redo point at the
   * same moment, and waits until every change section entered before is left. A page that is not
   * dirty after that needs not be written by this checkpoint.
   *
   * @param redoLimit recovery's next record, so that the redo point does not pass it; {@link
   *     Long#MAX_VALUE} when all are applied
   * @return the checkpoint
   */
  public CheckpointMark beginCheckpoint(long redoLimit) {
    CheckpointMark mark;
    latch.latch();
    try {
      long begin = buffer.appendedLsn();
      mark =
          new CheckpointMark(begin, inFlight.firstLsn(Math.min(begin, redoLimit)), inFlight.last());
      horizonLsn = begin;
      space.checkpointBegun(begin);
    } finally {
      latch.unlatch();
    }
    sections.awaitEntered();
    return mark;
  }

  /**
   * Completes a checkpoint whose pages are written and flushed: makes durable what was appended
   * until now, writes the next superblock, and frees the log before the redo point.
   *
   * @param mark the checkpoint
   * @param superblocks where the superblock goes
   * @param pageCount pages for which there is room
   * @param clean whether nothing was or will be appended behind the begin, in an orderly close
   * @return the superblock that is in force now
   * @throws IOException when the log has failed, or fails now because the superblock's write did
   */
  public Superblock completeCheckpoint(
      CheckpointMark mark, SuperblockArea superblocks, long pageCount, boolean clean)
      throws IOException {
    // All of it, not only what is before the begin: a merge behind the begin may have moved a
    // page's
    // changes into a record and dropped the page, which this checkpoint then did not write.
    awaitDurable(appendedLsn() - 1);
    long redo = mark.redoLsn();
    CheckpointState state =
        new CheckpointState(
            redo,
            mark.beginLsn(),
            progress.durableLsn(),
            epoch,
            redo >= startLsn ? epoch : start.redoEpoch(),
            mark.commitSequence(),
            clean && redo == appendedLsn());
    try {
      Superblock superblock = superblocks.write(layout.withPageCount(pageCount), state);
      space.advanceRedo(redo);
      return superblock;
    } catch (IOException e) {
      progress.fail("superblock could not be written: " + e.getMessage(), e);
      throw e;
    }
  }

  /**
   * Returns what was done.
   *
   * @return a snapshot, each number exact at some moment during the call
   */
  public WalStatistics statistics() {
    long end = appendedLsn();
    return new WalStatistics(
        end - startLsn,
        counters.durableBytes(),
        counters.groups(),
        counters.writes(),
        counters.writtenBytes(),
        counters.flushes(),
        space.waits(),
        end - space.redoLsn(),
        region.capacityBytes());
  }

  /** Makes everything appended durable, ends the writer and closes its queue pair. Idempotent. */
  @Override
  public void close() {
    try {
      awaitDurable(appendedLsn() - 1);
    } catch (LogFailedException _) {
      // Whoever had to know has been told; there is nothing left to make durable.
    } finally {
      writerHandle.close();
    }
  }

  @Override
  public long imageHorizon() {
    return pageWritesAtomic ? Long.MIN_VALUE : horizonLsn;
  }

  @Override
  public long enterChange() {
    return sections.enter();
  }

  @Override
  public void exitChange(long token) {
    sections.exit((int) token);
  }

  private void trackRuns(StructureChange change, long lsn) {
    for (int i = 0; i < change.endedRunCount(); i++) {
      inFlight.closeRun(change.endedRun(i));
    }
    if (change.startsRun()) {
      inFlight.openRun(lsn);
    }
  }

  private int checkLength(long bytes) {
    if (bytes > region.recordBytesMax()) {
      throw new IllegalArgumentException(
          "record takes %,d bytes of log, limit for a log of this size: %,d"
              .formatted(bytes, region.recordBytesMax()));
    }
    return (int) bytes;
  }

  /** Latches once the buffer, and the in-flight table if wanted, have room for a record. */
  private void latchWithRoom(int bytes, boolean isCommit) throws LogFailedException {
    while (true) {
      latch.latch();
      long end = buffer.appendedLsn() + bytes;
      boolean isBufferFull = hasNoRoom(end);
      if (progress.hasFailed() || !isBufferFull && (!isCommit || inFlight.hasRoom())) {
        break;
      }
      latch.unlatch();
      if (isBufferFull) {
        requestDurable(end - bytes - 1);
        lot.awaitWhile(LogProgress.KEY_ROOM, hasNoRoom, end);
      } else {
        lot.awaitWhile(LogProgress.KEY_IN_FLIGHT, hasNoEntry, 0);
      }
    }
    checkLatched(buffer.appendedLsn() + bytes);
  }

  /** Throws, unlatched, when nothing may be appended. */
  private void checkLatched(long endLsn) throws LogFailedException {
    if (space.isOverrun(endLsn)) {
      progress.fail("broken invariant: an append without admission would overrun the log", null);
    }
    if (progress.hasFailed()) {
      latch.unlatch();
      progress.check();
    }
  }

  /** Tells whether a record that ends at an LSN must wait for the writer. */
  private boolean hasNoRoom(long endLsn) {
    long first = region.alignDown(progress.durableLsn());
    return endLsn - first > buffer.sizeBytes() && !progress.hasFailed();
  }

  private boolean hasNoEntry() {
    return !inFlight.hasRoom() && !progress.hasFailed();
  }

  /** Wakes who must know of an append: the writer when it was idle or has much to write. */
  private void appended(long lsn, long endLsn) {
    // The new end was published before the latch's volatile store, so a writer that sleeps from
    // here on has seen it.
    if (progress.durableLsn() == lsn || ((lsn ^ endLsn) & -eagerBytes) != 0) {
      writerHandle.wake();
    }
    space.appended(endLsn);
  }

  /** Reads what is before the end in its block: the block is written again as a whole. */
  private void loadTail(IoStack io) throws IOException {
    long first = region.alignDown(startLsn);
    if (first < startLsn) {
      long address = buffer.address(first);
      io.read(region.lba(first), 1, address);
      WalMemory.zero(address + startLsn - first, region.blockBytes() - (startLsn - first));
    }
  }
}
