// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.CommandLimits;
import dev.basalt.iostack.internal.IoCommand;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair of a simulated device: commands end at their deadlines, whoever was submitted first.
 *
 * <p><b>Concurrency.</b> One thread, but for {@link #wake}. {@code wakeRequested} and {@code
 * sleeper} are volatile: who sleeps writes {@code sleeper} and then reads {@code wakeRequested},
 * who wakes does it the other way round, so one of the two sees the other.
 */
final class SimulatedQueuePair implements QueuePair {
  private static final Comparator<SimulatedCommand> BY_DEADLINE =
      Comparator.<SimulatedCommand>comparingLong(command -> command.deadline)
          .thenComparingLong(command -> command.number);

  private final SimulatedDevice device;
  private final Execution execution;
  private final int depth;
  private final CommandLimits limits;
  private final ArrayDeque<SimulatedCommand> free = new ArrayDeque<>();
  private final ArrayList<SimulatedCommand> queued = new ArrayList<>();
  private final PriorityQueue<SimulatedCommand> submitted = new PriorityQueue<>(BY_DEADLINE);
  private boolean isClosed;

  private volatile boolean wakeRequested;
  private volatile @Nullable Thread sleeper;

  SimulatedQueuePair(SimulatedDevice device, int depth, Execution execution) {
    this.device = device;
    this.depth = depth;
    this.execution = execution;
    limits = new CommandLimits(device);
    for (int i = 0; i < depth; i++) {
      free.add(new SimulatedCommand());
    }
  }

  @Override
  public int depth() {
    return depth;
  }

  @Override
  public int inFlight() {
    return depth - free.size();
  }

  @Override
  public boolean tryRead(long lba, int lbaCount, long address, long tag) {
    return tryTransfer(IoCommand.READ, lba, lbaCount, address, tag);
  }

  @Override
  public boolean tryWrite(long lba, int lbaCount, long address, long tag) {
    return tryTransfer(IoCommand.WRITE, lba, lbaCount, address, tag);
  }

  @Override
  public boolean tryReadVectored(long lba, IoVector vector, long tag) {
    return tryVectored(IoCommand.READ_VECTORED, lba, vector, tag);
  }

  @Override
  public boolean tryWriteVectored(long lba, IoVector vector, long tag) {
    return tryVectored(IoCommand.WRITE_VECTORED, lba, vector, tag);
  }

  @Override
  public boolean tryFlush(long tag) {
    checkOpen();
    SimulatedCommand command = tryQueue(IoCommand.FLUSH, 0, 0, tag);
    if (command != null) {
      command.flushHorizon = device.flushHorizon();
    }
    return command != null;
  }

  @Override
  public boolean tryDeallocate(long lba, long lbaCount, long tag) {
    checkOpen();
    limits.checkBlocks(lba, lbaCount);
    return tryQueue(IoCommand.DEALLOCATE, lba, lbaCount, tag) != null;
  }

  @Override
  public boolean tryWriteZeroes(long lba, long lbaCount, long tag) {
    checkOpen();
    limits.checkBlocks(lba, lbaCount);
    return tryQueue(IoCommand.WRITE_ZEROES, lba, lbaCount, tag) != null;
  }

  @Override
  public boolean tryCancel(long tag) {
    checkOpen();
    for (SimulatedCommand command : queued) {
      if (command.tag == tag) {
        command.isCancelled = true;
        return true;
      }
    }
    for (SimulatedCommand command : submitted) {
      if (command.tag == tag) {
        submitted.remove(command);
        command.isCancelled = true;
        command.deadline = execution.nanoTime();
        submitted.add(command);
        return true;
      }
    }
    return false;
  }

  @Override
  public void submit() {
    checkOpen();
    for (int i = 0; i < queued.size(); i++) {
      SimulatedCommand command = queued.get(i);
      device.admit(command);
      submitted.add(command);
      device.cutPowerIfPlanned(command);
    }
    queued.clear();
  }

  @Override
  public int poll(CompletionSink sink, int max) {
    checkOpen();
    int count = 0;
    while (count < max && isDue()) {
      SimulatedCommand command = submitted.remove();
      int status = device.execute(command);
      long tag = command.tag;
      free.add(command);
      count++;
      sink.onCompletion(tag, status);
    }
    return count;
  }

  @Override
  public void sleep(long nanos) {
    submit();
    long now = execution.nanoTime();
    SimulatedCommand first = submitted.peek();
    long wait = first == null ? nanos : Math.min(nanos, first.deadline - now);
    sleeper = Thread.currentThread();
    if (wait > 0 && !wakeRequested) {
      execution.parkNanos(this, wait);
    }
    wakeRequested = false;
  }

  @Override
  public void wake() {
    wakeRequested = true;
    Thread thread = sleeper;
    if (thread != null) {
      execution.unpark(thread);
    }
  }

  @Override
  public void close() {
    if (isClosed) {
      return;
    }
    while (!device.isDead() && inFlight() > 0) {
      submit();
      while (isDue()) {
        SimulatedCommand command = submitted.remove();
        device.execute(command);
        free.add(command);
      }
      if (inFlight() > 0) {
        execution.parkNanos(this, submitted.element().deadline - execution.nanoTime());
      }
    }
    isClosed = true;
    if (!device.isDead()) {
      device.remove(this);
    }
  }

  /** Adds the changes in flight. Called with the device's monitor held, after the power is cut. */
  void collectChanges(List<CachedWrite> changes) {
    List<SimulatedCommand> commands = new ArrayList<>(submitted);
    commands.sort(BY_DEADLINE);
    for (SimulatedCommand command : commands) {
      if (command.isChange()) {
        changes.add(new CachedWrite(0, command.lba, command.lbaCount, command.data));
      }
    }
  }

  @Override
  public String toString() {
    return "simulated queue pair, " + submitted.size() + " of " + depth + " commands in flight";
  }

  private boolean tryTransfer(IoCommand kind, long lba, int lbaCount, long address, long tag) {
    checkOpen();
    int lengthBytes = limits.checkTransfer(lba, lbaCount, address);
    SimulatedCommand command = tryQueue(kind, lba, lbaCount, tag);
    if (command != null) {
      command.setMemory(address, lengthBytes);
    }
    return command != null;
  }

  private boolean tryVectored(IoCommand kind, long lba, IoVector vector, long tag) {
    checkOpen();
    long lbaCount = limits.checkVector(lba, vector) / limits.blockBytes();
    SimulatedCommand command = tryQueue(kind, lba, lbaCount, tag);
    if (command != null) {
      command.setMemory(vector);
    }
    return command != null;
  }

  private @Nullable SimulatedCommand tryQueue(IoCommand kind, long lba, long lbaCount, long tag) {
    SimulatedCommand command = free.poll();
    if (command != null) {
      command.set(kind, lba, lbaCount, tag);
      queued.add(command);
    }
    return command;
  }

  private boolean isDue() {
    SimulatedCommand first = submitted.peek();
    return first != null && first.deadline <= execution.nanoTime();
  }

  private void checkOpen() {
    device.checkPower();
    if (isClosed) {
      throw new IllegalStateException("queue pair is closed");
    }
  }
}
