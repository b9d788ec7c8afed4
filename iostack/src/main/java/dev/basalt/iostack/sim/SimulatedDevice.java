// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.CommandLimits;
import dev.basalt.iostack.internal.IoCommand;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A deterministic NVMe device in memory: latencies in its execution's time, completions out of
 * order, a volatile write cache, reported and silent faults, and a power cut, all by seed.
 *
 * <p><b>Durability.</b> A write is visible to reads once it was executed, which is when its
 * completion is delivered, and durable once a flush that was queued after that has ended. What is
 * not durable at a power cut is kept, lost, or torn between atomic units; so are writes in flight.
 * Writes to the same block are never undone out of order. The cache is finite: beyond {@link
 * #CACHED_WRITES_MAX} writes the oldest become durable by themselves. A failed flush leaves some of
 * them volatile for ever.
 *
 * <p><b>Memory.</b> The device reads what it writes when the command is submitted or when it is
 * executed, as chance decides; so changing memory too early shows. After a power cut it touches no
 * memory any more. All content is on the heap, sparse; there is nothing to free.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread; guarded by the device's monitor,
 * under which nothing waits.
 */
public final class SimulatedDevice implements BlockDevice {
  /** The most unflushed writes. */
  public static final int CACHED_WRITES_MAX = 8_192;

  private static final int TRANSFER_BYTES_MAX = 1 << 20;
  private static final int QUEUE_DEPTH_MAX = 1_024;
  private static final int SLOW_FACTOR = 50;

  private final SimulatedGeometry geometry;
  private final SimulationPlan plan;
  private final Execution execution;
  private final @Nullable Simulation simulation;
  private final SplittableRandom random;
  private final SparseBlocks visible;
  private final SparseBlocks durable;
  private final ArrayDeque<CachedWrite> cached = new ArrayDeque<>();
  private final List<SimulatedQueuePair> queuePairs = new ArrayList<>();

  private volatile long blockCount;
  private volatile boolean isCut;
  private boolean isClosed;
  private long commandCount;
  private long changeCount;

  /**
   * Creates a device that reads as zeroes.
   *
   * @param geometry its shape
   * @param plan how it behaves
   * @param execution whose time it lives in; a {@link Simulation} also traces its commands and ends
   *     with its power
   */
  public SimulatedDevice(SimulatedGeometry geometry, SimulationPlan plan, Execution execution) {
    this(geometry, plan, execution, new SparseBlocks(), geometry.blockCount());
  }

  private SimulatedDevice(
      SimulatedGeometry geometry,
      SimulationPlan plan,
      Execution execution,
      SparseBlocks durable,
      long blockCount) {
    this.geometry = geometry;
    this.plan = plan;
    this.execution = execution;
    this.blockCount = blockCount;
    this.durable = durable;
    simulation = execution instanceof Simulation s ? s : null;
    random = new SplittableRandom(plan.seed());
    visible = new SparseBlocks(durable);
  }

  @Override
  public Capabilities capabilities() {
    return new Capabilities(
        "simulated device, seed " + plan.seed(),
        geometry.blockBytes(),
        Math.max(TRANSFER_BYTES_MAX, geometry.blockBytes()),
        geometry.atomicWriteBytes(),
        geometry.blockBytes(),
        QUEUE_DEPTH_MAX,
        geometry.volatileWriteCache(),
        false,
        geometry.blockCountMax() > geometry.blockCount());
  }

  @Override
  public long blockCount() {
    return blockCount;
  }

  @Override
  public synchronized void grow(long blockCountMin) throws IOException {
    checkOpen();
    if (blockCountMin > geometry.blockCountMax()) {
      throw new IOException(
          "no space for "
              + blockCountMin
              + " blocks: the simulated device can grow to "
              + geometry.blockCountMax());
    }
    blockCount = Math.max(blockCount, blockCountMin);
  }

  @Override
  public synchronized QueuePair openQueuePair(int depth) {
    checkOpen();
    CommandLimits.checkDepth(depth, QUEUE_DEPTH_MAX);
    SimulatedQueuePair queuePair = new SimulatedQueuePair(this, depth, execution);
    queuePairs.add(queuePair);
    return queuePair;
  }

  /** Closes the device; its content stays for what comes after. */
  @Override
  public synchronized void close() {
    if (!isDead() && !queuePairs.isEmpty()) {
      throw new IllegalStateException(
          queuePairs.size() + " queue pairs are open; close them first");
    }
    isClosed = true;
  }

  /**
   * Returns how many commands were submitted so far: a number for {@link
   * SimulationPlan#withPowerCutAt}.
   *
   * @return the count
   */
  public synchronized long commandCount() {
    return commandCount;
  }

  /**
   * Flips one bit of what is stored, durably and unnoticed.
   *
   * @param lba the block
   * @param bit which bit of the block, from 0
   */
  public synchronized void flipBit(long lba, int bit) {
    byte[] bytes = readBlock(lba);
    bytes[bit >>> 3] ^= (byte) (1 << (bit & 7));
    visible.set(lba, bytes);
    durable.set(lba, bytes);
  }

  /**
   * Returns a copy of what a read would return.
   *
   * @param lba the block
   * @return its content
   */
  public synchronized byte[] readBlock(long lba) {
    byte[] bytes = visible.get(lba);
    return bytes == null ? new byte[geometry.blockBytes()] : bytes.clone();
  }

  /**
   * Returns a copy of what a power cut now would leave of a block, whatever chance makes of the
   * writes that are not durable.
   *
   * @param lba the block
   * @return its durable content
   */
  public synchronized byte[] readDurableBlock(long lba) {
    byte[] bytes = durable.get(lba);
    return bytes == null ? new byte[geometry.blockBytes()] : bytes.clone();
  }

  /**
   * Returns the device as it comes back after a power cut: durable writes, and of the others what
   * chance has kept. May be called again for another outcome.
   *
   * @param nextPlan how the new device behaves; its seed and {@link SimulationPlan#outcome} also
   *     decide what is kept
   * @param nextExecution whose time the new device lives in
   * @return the new device
   * @throws IllegalStateException when the power is on
   */
  public synchronized SimulatedDevice afterPowerCut(
      SimulationPlan nextPlan, Execution nextExecution) {
    if (!isDead()) {
      throw new IllegalStateException("the power of this simulated device is on");
    }
    SparseBlocks content = new SparseBlocks(durable);
    List<CachedWrite> unflushed = new ArrayList<>(cached);
    SplittableRandom chance = new SplittableRandom(~nextPlan.seed());
    unflushed.addAll(writesInFlight(chance));
    keepSome(unflushed, nextPlan.outcome(), chance).forEach(write -> write.apply(content));
    return new SimulatedDevice(geometry, nextPlan, nextExecution, content, blockCount);
  }

  /**
   * Returns the device as the next process finds it after this one was killed, or has closed it:
   * everything executed is there, writes in flight are there, torn or not. What was not flushed is
   * still in the cache: a power cut of the new device may lose it.
   *
   * @param nextPlan how the new device behaves; its seed and {@link SimulationPlan#outcome} also
   *     decide what becomes of writes in flight
   * @param nextExecution whose time the new device lives in
   * @return the new device
   */
  public synchronized SimulatedDevice afterProcessEnd(
      SimulationPlan nextPlan, Execution nextExecution) {
    SimulatedDevice next =
        new SimulatedDevice(
            geometry, nextPlan, nextExecution, new SparseBlocks(durable), blockCount);
    SplittableRandom chance = new SplittableRandom(~nextPlan.seed());
    next.takeOver(cached);
    next.takeOver(keepSome(writesInFlight(chance), nextPlan.outcome(), chance));
    return next;
  }

  /** Puts writes of an earlier device into the cache, as if they had been executed here. */
  private synchronized void takeOver(Iterable<CachedWrite> writes) {
    for (CachedWrite write : writes) {
      cache(write.numbered(++changeCount));
    }
  }

  /** Throws when the power is cut or the simulation has ended. */
  void checkPower() {
    if (isDead()) {
      throw new SimulatedPowerCut();
    }
  }

  boolean isDead() {
    Simulation world = simulation;
    return isCut || world != null && world.isStopping();
  }

  synchronized void remove(SimulatedQueuePair queuePair) {
    queuePairs.remove(queuePair);
  }

  /** Notes how far a flush queued now has to reach. */
  synchronized long flushHorizon() {
    return changeCount;
  }

  /** Takes a command in: numbers it, reads its data and sets when it ends. Cuts the power. */
  synchronized void admit(SimulatedCommand command) {
    command.number = ++commandCount;
    command.deadline = execution.nanoTime() + latency(command);
    if (command.isWrite()) {
      command.capture(geometry.blockBytes());
    }
    trace(command.number << 3 | command.command.code(), command.lba << 20 | command.lbaCount);
  }

  /** Cuts the power when the plan says so; to be called once the command is in flight. */
  void cutPowerIfPlanned(SimulatedCommand command) {
    if (command.number == plan.powerCutAtCommand()) {
      isCut = true;
      if (simulation != null) {
        simulation.cutPower();
      }
      throw new SimulatedPowerCut();
    }
  }

  /** Does what a command asks for, or what the plan makes of it, and returns its status. */
  synchronized int execute(SimulatedCommand command) {
    int status = outcome(command);
    trace(command.number, status);
    if (command.isChange()) {
      change(command, status);
    } else if (command.isRead()) {
      if (status == IoStatus.SUCCESS) {
        command.deliver(visible, geometry.blockBytes());
      }
    } else if (status == IoStatus.SUCCESS) {
      flush(random.nextBoolean() ? changeCount : command.flushHorizon);
    } else {
      loseSome();
    }
    return status;
  }

  private void checkOpen() {
    checkPower();
    if (isClosed) {
      throw new IllegalStateException("device is closed");
    }
  }

  private int outcome(SimulatedCommand command) {
    if (command.isCancelled && random.nextBoolean()) {
      return IoStatus.ABORTED;
    }
    boolean fails = command.number == plan.errorAtCommand();
    SimulationPlan.Errors errors = plan.errors();
    if (command.isRead()) {
      return fails || chance(errors.readRatio())
          ? IoStatus.UNRECOVERED_READ_ERROR
          : IoStatus.SUCCESS;
    }
    double ratio = command.isChange() ? errors.writeRatio() : errors.flushRatio();
    return fails || chance(ratio) ? IoStatus.WRITE_FAULT : IoStatus.SUCCESS;
  }

  private void change(SimulatedCommand command, int status) {
    if (command.command == IoCommand.DEALLOCATE && random.nextBoolean()) {
      return; // the blocks read as before
    }
    if (command.isWrite() && random.nextBoolean()) {
      command.capture(geometry.blockBytes());
    }
    SimulationPlan.SilentFaults faults = plan.silentFaults();
    if (status != IoStatus.SUCCESS) {
      changeSome(command);
    } else if (!chance(faults.lostRatio())) {
      if (command.isWrite() && chance(faults.corruptRatio())) {
        corrupt(command);
      }
      long lba = chance(faults.misdirectedRatio()) ? elsewhere(command) : command.lba;
      cache(new CachedWrite(++changeCount, lba, command.lbaCount, command.data));
    }
  }

  /**
   * Of a command that fails: changes some of its atomic units, each of them whole, as devices
   * promise for errors like for power failures (NVMe base specification 2.0, figure 275, AWUPF).
   */
  private void changeSome(SimulatedCommand command) {
    List<CachedWrite> changed = new ArrayList<>();
    new CachedWrite(++changeCount, command.lba, command.lbaCount, command.data)
        .tear(unitBlocks(), random, changed);
    changed.forEach(this::cache);
  }

  private void cache(CachedWrite write) {
    write.apply(visible);
    if (!geometry.volatileWriteCache()) {
      write.apply(durable);
      return;
    }
    cached.add(write);
    if (cached.size() > CACHED_WRITES_MAX) {
      cached.remove().apply(durable);
    }
  }

  /** After a failed flush no later one makes durable what was lost, though it can be read. */
  private void loseSome() {
    cached.removeIf(_ -> random.nextBoolean());
  }

  private void flush(long horizon) {
    while (!cached.isEmpty() && cached.element().number() <= horizon) {
      cached.remove().apply(durable);
    }
  }

  private int unitBlocks() {
    return geometry.atomicWriteBytes() / geometry.blockBytes();
  }

  private void corrupt(SimulatedCommand command) {
    byte[][] data = command.data;
    if (data != null) {
      byte[] block = data[random.nextInt(data.length)];
      block[random.nextInt(block.length)] ^= (byte) (1 << random.nextInt(8));
    }
  }

  private long elsewhere(SimulatedCommand command) {
    return random.nextLong(blockCount - command.lbaCount + 1);
  }

  private List<CachedWrite> writesInFlight(SplittableRandom chance) {
    List<CachedWrite> writes = new ArrayList<>();
    for (SimulatedQueuePair queuePair : queuePairs) {
      queuePair.collectChanges(writes);
    }
    Collections.shuffle(writes, new Random(chance.nextLong()));
    return writes;
  }

  /** Returns what chance has left of writes, in their order. */
  private List<CachedWrite> keepSome(
      List<CachedWrite> writes, SimulationPlan.Outcome outcome, SplittableRandom chance) {
    int unitBlocks = unitBlocks();
    List<CachedWrite> kept = new ArrayList<>();
    for (CachedWrite write : writes) {
      double drawn = chance.nextDouble();
      if (drawn < outcome.keptRatio()) {
        kept.add(write);
      } else if (drawn < outcome.keptRatio() + outcome.tornRatio()) {
        write.tear(unitBlocks, chance, kept);
      }
    }
    return kept;
  }

  private long latency(SimulatedCommand command) {
    SimulationPlan.Latencies latencies = plan.latencies();
    long usual =
        command.isRead()
            ? latencies.readNanos()
            : command.isChange() ? latencies.writeNanos() : latencies.flushNanos();
    long actual = usual / 2 + (usual == 0 ? 0 : random.nextLong(usual));
    return chance(latencies.slowRatio()) ? SLOW_FACTOR * actual : actual;
  }

  private boolean chance(double ratio) {
    return ratio > 0 && random.nextDouble() < ratio;
  }

  private void trace(long a, long b) {
    if (simulation != null) {
      simulation.trace(a, b);
    }
  }
}
