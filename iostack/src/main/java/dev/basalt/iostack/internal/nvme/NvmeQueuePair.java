// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.internal.CommandLimits;
import dev.basalt.iostack.internal.OpenQueuePairs;
import dev.basalt.iostack.internal.QueueSleep;
import dev.basalt.iostack.nvme.ControllerIdentity;
import java.io.IOException;
import java.util.function.BooleanSupplier;

/**
 * A queue pair of an NVMe controller, for one namespace. Takes addresses within its DMA memory
 * only; {@code StagingQueuePair} over it takes any.
 *
 * <p>Transfers beyond what the controller takes at once (MDTS), and zeroes and deallocations beyond
 * what fits an entry, become several commands, one after the other.
 *
 * <p><b>When the controller does not answer.</b> A command that is not done in time is aborted
 * (section 5.1); if that does not help, or the controller says that it is broken (CSTS.CFS), it is
 * reset. All commands in flight then fail once, retryable, and the queues are created again. When
 * the controller does not come back, or is gone, they fail, and so does everything after.
 *
 * <p><b>Ownership.</b> Owns its queues, lists and zeroes (one piece of DMA memory), and the staging
 * memory it was given; all of it is freed after the controller has forgotten the queues.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time, but for {@link #wake}; see {@link NvmeQueue}
 * for the order towards the controller.
 */
public final class NvmeQueuePair implements PinnedQueuePair {
  private static final CompletionSink NOBODY = (_, _) -> {};

  private static final int ZEROES_BYTES = 64 << 10;

  /** Polls and completions between two looks at the clock. */
  private static final int POLLS_PER_CHECK = 1 << 10;

  /** Attempts to have the queues created again. */
  private static final int RENEWALS_MAX = 3;

  private static final long CHECK_NANOS = 5_000_000;

  private final NvmeController controller;
  private final OpenQueuePairs openQueuePairs;
  private final CommandLimits limits;
  private final NvmeCommands commands;
  private final DmaMemory memory;
  private final DmaMemory data;
  private final NvmeQueue queue;
  private final NvmeEntryWriter writer;
  private final QueueSleep sleep;
  private final BooleanSupplier isQuiet = this::isQuiet;

  private int generation;
  private int renewals;
  private boolean isLost;
  private int polls;
  private long nowNanos;
  private long nextCheckNanos;
  private boolean isPolling;
  private boolean isClosed;

  /** Slots whose commands were failed and not delivered yet. */
  private final int[] failed;

  private int failedCount;
  private int failedStatus;

  private NvmeQueuePair(
      NvmeNamespaceDevice device, OpenQueuePairs openQueuePairs, int depth, int queueId)
      throws IOException {
    this.openQueuePairs = openQueuePairs;
    controller = device.controller();
    limits = new CommandLimits(device);
    int blockShift = Integer.numberOfTrailingZeros(limits.blockBytes());
    commands = new NvmeCommands(depth, blockShift);
    failed = new int[depth];
    ControllerIdentity identity = controller.identity();
    long pagesMax = Math.min(identity.transferPagesMax(), PrpList.ENTRIES_MAX);
    long blocksMax = pagesMax << PAGE_SHIFT >> blockShift;
    long queueBytes = NvmeQueue.sizeBytes(depth + 1);
    long listsBytes = roundUp((long) depth * PrpList.BYTES);
    memory = controller.bus().allocate(queueBytes + listsBytes + ZEROES_BYTES);
    boolean isReady = false;
    DmaMemory staging = null;
    try {
      staging = controller.bus().allocate((long) depth * device.capabilities().transferBytesMax());
      queue = new NvmeQueue(memory, controller.registers(), queueId, depth + 1);
      long lists = memory.address() + queueBytes;
      data = staging;
      writer =
          new NvmeEntryWriter(
              commands,
              NvmeEntryWriter.Target.of(device.namespace(), blocksMax, controller.commandSet()),
              new NvmeEntryWriter.Memory(lists + listsBytes, ZEROES_BYTES, lists, PrpList.BYTES),
              pointer(new PrpList(lists, memory.iova(lists))));
      generation = controller.createQueues(queue);
      isReady = true;
    } finally {
      if (!isReady) {
        if (staging != null) {
          staging.close();
        }
        memory.close();
      }
    }
    sleep = new QueueSleep(controller.execution(), controller.interrupts().waker(queueId));
    nowNanos = controller.execution().nanoTime();
    nextCheckNanos = nowNanos;
  }

  private NvmeEntryWriter.DataPointer pointer(PrpList prps) {
    return (slot, entry, address, lengthBytes) -> {
      DmaMemory owner = data.contains(address, lengthBytes) ? data : memory;
      prps.set(slot, entry, owner.iova(address), lengthBytes);
    };
  }

  /** Creates the queues of a queue pair; its depth was checked. */
  static NvmeQueuePair open(NvmeNamespaceDevice device, OpenQueuePairs openQueuePairs, int depth)
      throws IOException {
    openQueuePairs.add();
    int queueId = 0;
    NvmeQueuePair opened = null;
    try {
      queueId = device.controller().takeQueueId();
      opened = new NvmeQueuePair(device, openQueuePairs, depth, queueId);
      return opened;
    } finally {
      if (opened == null) {
        if (queueId > 0) {
          device.controller().giveQueueId(queueId);
        }
        openQueuePairs.remove();
      }
    }
  }

  /**
   * Returns memory that commands may use: as many maximum transfers as the queue is deep.
   *
   * @return the memory, which stays the queue pair's
   */
  public DmaMemory data() {
    return data;
  }

  @Override
  public ControllerIdentity controllerIdentity() {
    return controller.identity();
  }

  @Override
  public int depth() {
    return commands.depth();
  }

  @Override
  public int inFlight() {
    return commands.inFlight();
  }

  /**
   * Queues a write that is durable when it completes (force unit access); parameters as {@link
   * #tryWrite}.
   *
   * @param lba the first block
   * @param lbaCount blocks to write
   * @param address where the data is
   * @param tag handed back with the completion
   * @return false when the queue is full
   */
  public boolean tryWriteThrough(long lba, int lbaCount, long address, long tag) {
    int slot = tryTake(WRITE, lba, lbaCount, address, tag);
    if (slot >= 0) {
      commands.flags[slot] = FORCE_UNIT_ACCESS;
    }
    return queued(slot);
  }

  /**
   * Queues a comparison of blocks with memory, which fails with "compare failure" (SCT 2h, SC 85h)
   * where they differ; parameters as {@link #tryWrite}.
   *
   * @param lba the first block
   * @param lbaCount blocks to compare
   * @param address what they should be
   * @param tag handed back with the completion
   * @return false when the queue is full
   */
  public boolean tryCompare(long lba, int lbaCount, long address, long tag) {
    return tryTransfer(COMPARE, lba, lbaCount, address, tag);
  }

  @Override
  public boolean tryFlush(long tag) {
    checkOpen();
    return queued(commands.tryTake(FLUSH, 0, 0, 0, tag));
  }

  /** Returns false: what is with the controller is aborted only when it takes too long. */
  @Override
  public boolean tryCancel(long tag) {
    checkOpen();
    return false;
  }

  @Override
  public void submit() {
    checkOpen();
    if (queue.isUnrung() && !isStale()) {
      queue.ring();
    }
  }

  @Override
  public int poll(CompletionSink sink, int max) {
    checkOpen();
    boolean isOuter = !isPolling;
    isPolling = true;
    try {
      return pollOnce(sink, max);
    } finally {
      isPolling = !isOuter;
    }
  }

  private int pollOnce(CompletionSink sink, int max) {
    int delivered = 0;
    if (isStale()) {
      renew();
    }
    while (delivered < max) {
      int slot = failedCount > 0 ? failed[--failedCount] : -1;
      int status = failedStatus;
      if (slot < 0) {
        long completion = queue.completion();
        if (completion == NvmeQueue.NONE) {
          break;
        }
        queue.consume();
        slot = NvmeStatus.commandId(completion);
        if (slot >= commands.depth() || !commands.isInFlight[slot]) {
          controller.recover(generation, "it has completed command " + slot + ", which is not");
          break;
        }
        status = NvmeStatus.of(completion);
        if (status == IoStatus.SUCCESS && commands.finishPart(slot)) {
          queue(slot);
          continue;
        }
        if (commands.opcodes[slot] == FLUSH && controller.mayHaveLostWrites()) {
          status = NvmeNamespaceDevice.CACHE_LOST;
        }
      }
      long tag = commands.tag(slot);
      commands.release(slot);
      delivered++;
      sink.onCompletion(tag, status);
    }
    settle(delivered);
    return delivered;
  }

  /** Gives entries back, hands further parts over, and looks at the clock now and then. */
  private void settle(int delivered) {
    if (isStale()) {
      return;
    }
    queue.acknowledge();
    if (queue.isUnrung()) {
      queue.ring();
    }
    polls += 1 + delivered;
    if (polls >= POLLS_PER_CHECK && inFlight() > 0) {
      polls = 0;
      check();
    }
  }

  @Override
  public void sleep(long nanos) {
    submit();
    if (inFlight() > 0) {
      check();
    }
    sleep.sleep(nanos, inFlight() > 0, isQuiet);
  }

  private boolean isQuiet() {
    return failedCount == 0 && (isStale() || queue.completion() == NvmeQueue.NONE);
  }

  @Override
  public void wake() {
    sleep.wake();
  }

  /** Returns how many interrupts, and wakes of a sleeper, were seen. */
  long wakeCount() {
    return sleep.wakeCount();
  }

  /** Waits for the commands in flight, at most until the controller is given up. */
  @Override
  public void close() {
    if (isClosed) {
      return;
    }
    if (isPolling) {
      throw new IllegalStateException("a completion's receiver cannot close the queue pair");
    }
    while (inFlight() > 0) {
      submit();
      if (poll(NOBODY, depth()) == 0) {
        sleep(CHECK_NANOS);
      }
    }
    isClosed = true;
    controller.deleteQueues(queue, generation);
    controller.giveQueueId(queue.id());
    data.close();
    memory.close();
    openQueuePairs.remove();
  }

  @Override
  public String toString() {
    return "NVMe queue pair " + queue.id() + ", " + inFlight() + " of " + depth();
  }

  @Override
  public boolean tryTransfer(int opcode, long lba, int lbaCount, long address, long tag) {
    return queued(tryTake(opcode, lba, lbaCount, address, tag));
  }

  private int tryTake(int opcode, long lba, int lbaCount, long address, long tag) {
    checkOpen();
    int lengthBytes = limits.checkTransfer(lba, lbaCount, address);
    if (!data.contains(address, lengthBytes) || (address & 3) != 0) {
      throw new IllegalArgumentException(
          "memory at 0x%x, %d bytes, needed: within the DMA memory of this queue pair, aligned to 4"
              .formatted(address, lengthBytes));
    }
    return commands.tryTake(opcode, lba, lbaCount, address, tag);
  }

  @Override
  public boolean tryRange(int opcode, long lba, long lbaCount, long tag) {
    checkOpen();
    limits.checkBlocks(lba, lbaCount);
    return queued(commands.tryTake(opcode, lba, opcode == FLUSH ? 0 : lbaCount, 0, tag));
  }

  private boolean queued(int slot) {
    if (slot >= 0) {
      queue(slot);
    }
    return slot >= 0;
  }

  /** Writes the next command of a slot into the queue. */
  private void queue(int slot) {
    if (commands.inFlight() == 1 && isStale()) {
      renewIdle(slot);
    }
    if (isLost) {
      failed[failedCount++] = slot;
      return;
    }
    if (!queue.isUnrung()) {
      nowNanos = controller.execution().nanoTime(); // once for a batch
    }
    writer.write(slot, slot, queue.entry());
    commands.deadlines[slot] = nowNanos + controller.config().commandNanos();
    commands.isAborted[slot] = false;
    queue.advance();
  }

  private boolean isStale() {
    return isLost || generation != controller.generation();
  }

  /** Fails what was in flight before a reset, and has the queues created again. */
  private void renew() {
    if (isLost) {
      return;
    }
    failAll();
    queue.reset();
    int seen = controller.generation();
    try {
      int created = controller.failure() == null ? controller.createQueues(queue) : generation;
      isLost = controller.failure() != null;
      generation = created;
      renewals = 0;
    } catch (IOException e) {
      controller.recover(seen, String.valueOf(e.getMessage()));
      if (++renewals == RENEWALS_MAX) {
        controller.fail("its queues cannot be created again: " + e.getMessage());
      }
      isLost = controller.failure() != null;
    }
    failedStatus = isLost ? NvmeNamespaceDevice.LOST : IoStatus.ABORTED_BY_RESET;
  }

  /** Before the first command after a reset that found nothing in flight: it need not fail. */
  private void renewIdle(int slot) {
    commands.isInFlight[slot] = false;
    renew();
    commands.isInFlight[slot] = true;
  }

  private void failAll() {
    failedCount = 0;
    for (int slot = commands.depth() - 1; slot >= 0; slot--) {
      if (commands.isInFlight[slot]) {
        failed[failedCount++] = slot;
      }
    }
  }

  /**
   * Looks whether commands are late, and whether the controller is well, every few milliseconds.
   */
  private void check() {
    nowNanos = controller.execution().nanoTime();
    if (nowNanos - nextCheckNanos < 0 || isStale() || failedCount > 0) {
      return;
    }
    nextCheckNanos = nowNanos + CHECK_NANOS;
    if (controller.isIll()) {
      controller.recover(generation, "its status says that it is broken or gone");
      return;
    }
    for (int slot = 0; slot < commands.depth(); slot++) {
      if (isStale()) {
        return; // reset on the way
      }
      if (commands.isInFlight[slot] && nowNanos - commands.deadlines[slot] > 0) {
        late(slot);
      }
    }
  }

  private void late(int slot) {
    boolean isFirst = !commands.isAborted[slot];
    commands.isAborted[slot] = true;
    if (!isFirst || !controller.tryAbort(generation, queue.id(), slot)) {
      controller.recover(generation, "command " + slot + " of queue " + queue.id() + " is late");
    }
    nowNanos = controller.execution().nanoTime(); // an abort is waited for
    commands.deadlines[slot] = nowNanos + controller.config().abortNanos();
  }

  private void checkOpen() {
    if (isClosed) {
      throw new IllegalStateException("queue pair is closed");
    }
  }

  private static long roundUp(long bytes) {
    return (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
  }
}
