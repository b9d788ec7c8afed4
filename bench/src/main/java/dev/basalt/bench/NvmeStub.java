// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.nvme.DmaMemory;
import dev.basalt.iostack.internal.nvme.NvmeBus;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.lang.foreign.ValueLayout;

/**
 * An NVMe controller in memory that does nothing but complete commands, when {@link #step} is
 * called: what is left is the cost of the driver. It is stepped whenever the driver waits, which it
 * does through this execution.
 *
 * <p><b>Concurrency.</b> Used by one thread.
 */
final class NvmeStub implements NvmeBus, Execution {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final int REGISTER_BYTES = 0x2000;
  private static final int QUEUE_COUNT = 4;
  private static final int IDENTIFY = 0x06;
  private static final int CREATE_SQ = 0x01;
  private static final int CREATE_CQ = 0x05;
  private static final int SET_FEATURES = 0x09;

  private final MappedRegion registers;
  private final Queue[] queues = new Queue[QUEUE_COUNT];
  private boolean isEnabled;

  /** Both queues of a pair. */
  private static final class Queue {
    long submissions;
    long completions;
    int entryCount;
    int head;
    int completionTail;
    int phase = 1 << 16;
  }

  NvmeStub() throws IOException {
    registers = VirtualMemory.reserve(REGISTER_BYTES);
    set(0x00, 1023 | 1 << 24); // CAP: 1,024 entries, ready within 500 ms
    set(0x04, 1 << 5); // CAP: the NVM command set
    for (int i = 0; i < QUEUE_COUNT; i++) {
      queues[i] = new Queue();
    }
  }

  @Override
  public long registers() {
    return registers.address();
  }

  @Override
  public long registersBytes() {
    return REGISTER_BYTES;
  }

  @Override
  public DmaMemory allocate(long sizeBytes) throws IOException {
    MappedRegion region = VirtualMemory.reserve(sizeBytes);
    return new DmaMemory(region.address(), region.address(), region.sizeBytes(), region::close);
  }

  @Override
  public void isolate() {
    // Nothing reaches memory by itself.
  }

  @Override
  public void close() {
    registers.close();
  }

  /** Completes all commands of a queue that were handed over. */
  void complete(int id) {
    Queue queue = queues[id];
    int tail = get(0x1000 + 8 * id);
    while (queue.head != tail) {
      long entry = queue.submissions + 64L * queue.head;
      queue.head = queue.head + 1 == queue.entryCount ? 0 : queue.head + 1;
      int result = id == 0 ? admin(entry) : 0;
      long completion = queue.completions + 16L * queue.completionTail;
      NativeMemory.ALL.set(INT, completion, result);
      int commandId = NativeMemory.ALL.get(INT, entry) >>> 16;
      NativeMemory.ALL.set(INT, completion + 12, commandId | queue.phase);
      if (++queue.completionTail == queue.entryCount) {
        queue.completionTail = 0;
        queue.phase ^= 1 << 16;
      }
    }
  }

  private void step() {
    int configuration = get(0x14);
    if ((configuration & 1) != 0 && !isEnabled) {
      queues[0].entryCount = (get(0x24) & 0xfff) + 1;
      queues[0].submissions = getLong(0x28);
      queues[0].completions = getLong(0x30);
      isEnabled = true;
      set(0x1c, 1);
    } else if ((configuration & 1) == 0) {
      isEnabled = false;
      set(0x1c, 0);
    } else if ((configuration & 3 << 14) != 0) {
      set(0x1c, 1 | 2 << 2);
    }
    if (isEnabled) {
      complete(0);
    }
  }

  private int admin(long entry) {
    int opcode = NativeMemory.ALL.get(INT, entry) & 0xff;
    long address = NativeMemory.ALL.get(LONG, entry + 24);
    int dword10 = NativeMemory.ALL.get(INT, entry + 40);
    switch (opcode) {
      case IDENTIFY -> identify(address, dword10 & 0xff);
      case CREATE_CQ -> queues[dword10 & 0xffff].completions = address;
      case CREATE_SQ -> {
        queues[dword10 & 0xffff].submissions = address;
        queues[dword10 & 0xffff].entryCount = (dword10 >>> 16) + 1;
      }
      default -> {
        return opcode == SET_FEATURES ? QUEUE_COUNT - 2 | QUEUE_COUNT - 2 << 16 : 0;
      }
    }
    return 0;
  }

  private static void identify(long address, int structure) {
    switch (structure) {
      case 0 -> { // namespace: 2^20 blocks of 4 KiB
        NativeMemory.ALL.set(LONG, address, 1L << 20);
        NativeMemory.ALL.set(INT, address + 128, 12 << 16);
      }
      case 1 -> NativeMemory.ALL.set(INT, address + 516, 1); // controller: one namespace
      default -> NativeMemory.ALL.set(INT, address, 1); // list of namespaces
    }
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public void park(Object blocker) {
    step();
  }

  @Override
  public void parkNanos(Object blocker, long nanos) {
    step();
  }

  @Override
  public void unpark(Thread thread) {
    // Nobody parks.
  }

  @Override
  public boolean trySpin(int attempt) {
    return false;
  }

  @Override
  public AgentHandle start(String name, Agent agent) {
    throw new UnsupportedOperationException("the driver has no agent");
  }

  private int get(int offset) {
    return NativeMemory.ALL.get(INT, registers.address() + offset);
  }

  private long getLong(int offset) {
    return NativeMemory.ALL.get(LONG, registers.address() + offset);
  }

  private void set(int offset, int value) {
    NativeMemory.ALL.set(INT, registers.address() + offset, value);
  }
}
