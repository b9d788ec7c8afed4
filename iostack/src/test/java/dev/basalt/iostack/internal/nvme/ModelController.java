// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.Syscall;
import dev.basalt.linux.SyscallNumber;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * An NVMe controller in memory, on a thread of its own: registers, admin and I/O queues, one or
 * more namespaces, and the ways in which a device fails. Behaves as the specification says,
 * completes out of order, and notes what a driver must never do.
 *
 * <p><b>Concurrency.</b> The controller's side belongs to its thread; the knobs are volatile.
 */
final class ModelController implements NvmeBus {
  static final int QUEUE_COUNT = 8;
  private static final int REGISTER_BYTES = 0x2000;

  /** What the controller adds to an address of the process: whoever mixes the two up is found. */
  private static final long IOVA_OFFSET = 1L << 44;

  private static final VarHandle INT = JAVA_INT.varHandle();

  private final MappedRegion registers;
  private final TreeMap<Long, Long> mapped = new TreeMap<>();
  private final Map<Integer, Queue> queues = new ConcurrentHashMap<>();
  private final Map<Integer, Runnable> stalled = new ConcurrentHashMap<>();
  private final List<Runnable> late = new ArrayList<>();
  private final Random random = new Random(7);
  private final Thread thread;
  private final Shape shape;
  final byte[] identity = new byte[IDENTIFY_BYTES];
  final byte[] commandSet = new byte[IDENTIFY_BYTES];
  final List<ModelNamespace> namespaces = new ArrayList<>();
  final List<String> violations = new CopyOnWriteArrayList<>();

  private volatile boolean isRunning = true;
  private volatile boolean isEnabled;

  /** Commands with these blocks are never completed, unless aborted when that is allowed. */
  volatile long stalledLba = -1;

  /** How many more of them. */
  final AtomicInteger stalledCountMax = new AtomicInteger(Integer.MAX_VALUE);

  private volatile boolean isRestarting;
  volatile boolean canAbort = true;
  volatile boolean canReset = true;
  volatile boolean isGone;
  volatile boolean isFatal;
  volatile boolean refusesQueues;
  volatile int interruptCount = 16;
  volatile boolean losesInterrupts;
  private volatile int[] eventFds = {};
  volatile boolean isIsolated;
  final AtomicInteger resetCount = new AtomicInteger();
  final AtomicInteger abortCount = new AtomicInteger();
  final AtomicInteger shutdownCount = new AtomicInteger();

  /** Commands seen, by opcode. */
  final int[] commandCounts = new int[256];

  /**
   * What the controller is.
   *
   * @param mdts its maximum transfer as a power of two of pages, 0 for none
   * @param optionalCommands ONCS
   * @param hasCache whether it has a volatile write cache
   */
  record Shape(int mdts, int optionalCommands, boolean hasCache) {
    static Shape usual() {
      return new Shape(5, 1 | 1 << 2 | 1 << 3, true);
    }
  }

  private static final class Queue {
    int vector = -1;
    long submissions;
    long completions;
    int size;
    int completionSize;
    int head;
    int tail;
    int completionTail;
    int phase = 1;
    boolean hasSubmissions;
  }

  ModelController(Shape shape, ModelNamespace... namespaces) throws IOException {
    this.shape = shape;
    registers = VirtualMemory.reserve(REGISTER_BYTES);
    this.namespaces.addAll(List.of(namespaces));
    set(NvmeRegisters.CAPABILITIES, 1023 | 1 << 16 | 1 << 24);
    set(NvmeRegisters.CAPABILITIES + 4, 1 << 5 | 1 << 11);
    set(NvmeRegisters.VERSION, 0x0002_0000);
    identify();
    thread = Thread.ofPlatform().name("model-controller").daemon().start(this::run);
  }

  private void identify() {
    MemorySegment data = MemorySegment.ofArray(identity);
    text(4, 20, "MODEL-1");
    text(24, 40, "Model Controller");
    text(64, 8, "1.0");
    identity[77] = (byte) shape.mdts;
    data.set(JAVA_INT.withByteAlignment(1), 516, namespaces.size());
    data.set(JAVA_SHORT.withByteAlignment(1), 520, (short) shape.optionalCommands);
    identity[525] = (byte) (shape.hasCache ? 1 : 0);
  }

  private void text(int offset, int length, String text) {
    byte[] bytes = " ".repeat(length).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text.getBytes(StandardCharsets.US_ASCII), 0, bytes, 0, text.length());
    System.arraycopy(bytes, 0, identity, offset, length);
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
    synchronized (mapped) {
      mapped.put(region.address() + IOVA_OFFSET, region.sizeBytes());
    }
    return new DmaMemory(
        region.address(),
        region.address() + IOVA_OFFSET,
        region.sizeBytes(),
        () -> {
          synchronized (mapped) {
            mapped.remove(region.address() + IOVA_OFFSET);
          }
          region.close();
        });
  }

  @Override
  public int interruptCount() {
    return interruptCount;
  }

  @Override
  public void setInterrupts(int[] descriptors) {
    eventFds = descriptors;
  }

  private static void interrupt(int eventFd) {
    try (Arena arena = Arena.ofConfined()) {
      long one = arena.allocateFrom(JAVA_LONG, 1).address();
      if (Syscall.shared(SyscallNumber.WRITE, eventFd, one, Long.BYTES) != Long.BYTES) {
        throw new AssertionError("eventfd " + eventFd);
      }
    }
  }

  int mappedCount() {
    synchronized (mapped) {
      return mapped.size();
    }
  }

  @Override
  public void isolate() {
    isIsolated = true;
  }

  @Override
  public void close() {
    isRunning = false;
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    registers.close();
  }

  @Override
  public String toString() {
    return "model";
  }

  private void run() {
    int idle = 0;
    while (isRunning) {
      boolean hasWorked = step();
      idle = hasWorked ? 0 : idle + 1;
      if (idle > 100) {
        LockSupport.parkNanos(20_000);
      }
    }
  }

  private boolean step() {
    if (isGone) {
      for (int offset = 0; offset < 0x40; offset += 4) {
        set(offset, -1);
      }
      return false;
    }
    configure();
    if (!isEnabled) {
      return false;
    }
    boolean hasWorked = false;
    for (Map.Entry<Integer, Queue> entry : queues.entrySet()) {
      hasWorked |= serve(entry.getKey(), entry.getValue());
    }
    if (!late.isEmpty() && (!hasWorked || random.nextInt(4) == 0)) {
      synchronized (mapped) { // nobody unmaps what is being used
        late.remove(random.nextInt(late.size())).run();
      }
      hasWorked = true;
    }
    return hasWorked;
  }

  /** Loses power and comes back, disabled, as a device may that has trouble of its own. */
  void restart() {
    isRestarting = true;
    while (isRestarting) {
      Thread.onSpinWait();
    }
  }

  private void configure() {
    if (isRestarting) {
      set(NvmeRegisters.CONFIGURATION, 0);
    }
    int configuration = get(NvmeRegisters.CONFIGURATION);
    boolean wantsEnabled = (configuration & NvmeRegisters.ENABLE) != 0;
    if (wantsEnabled && !isEnabled) {
      Queue admin = new Queue();
      admin.size = (get(NvmeRegisters.ADMIN_QUEUE_SIZES) & 0xfff) + 1;
      admin.completionSize = (get(NvmeRegisters.ADMIN_QUEUE_SIZES) >>> 16) + 1;
      admin.submissions = getLong(NvmeRegisters.ADMIN_SQ);
      admin.completions = getLong(NvmeRegisters.ADMIN_CQ);
      admin.hasSubmissions = true;
      for (int id = 0; id <= QUEUE_COUNT; id++) {
        set(NvmeRegisters.DOORBELLS + 8 * id, 0);
        set(NvmeRegisters.DOORBELLS + 8 * id + 4, 0);
      }
      queues.put(0, admin);
      isEnabled = true;
      isFatal = false;
      set(NvmeRegisters.STATUS, NvmeRegisters.READY);
    } else if (!wantsEnabled && isEnabled && canReset) {
      queues.clear();
      late.clear();
      stalled.clear();
      isEnabled = false;
      resetCount.incrementAndGet();
      set(NvmeRegisters.STATUS, 0);
      isRestarting = false;
    } else if (isEnabled && isFatal) {
      set(NvmeRegisters.STATUS, NvmeRegisters.READY | NvmeRegisters.FATAL);
    } else if ((configuration & NvmeRegisters.SHUTDOWN_MASK) != 0 && isEnabled) {
      shutdownCount.incrementAndGet();
      set(NvmeRegisters.CONFIGURATION, configuration & ~NvmeRegisters.SHUTDOWN_MASK);
      set(NvmeRegisters.STATUS, NvmeRegisters.READY | NvmeRegisters.SHUTDOWN_COMPLETE);
    }
  }

  private boolean serve(int id, Queue queue) {
    if (!queue.hasSubmissions || isFatal) {
      return false;
    }
    queue.tail = get(NvmeRegisters.DOORBELLS + 8 * id);
    boolean hasWorked = false;
    while (queue.head != queue.tail) {
      hasWorked = true;
      long entry;
      synchronized (mapped) {
        entry = translate(queue.submissions + 64L * queue.head, 64, "a submission entry");
        long[] command = new long[8];
        for (int i = 0; i < 8 && entry != 0; i++) {
          command[i] = NativeMemory.ALL.get(JAVA_LONG, entry + 8L * i);
        }
        queue.head = (queue.head + 1) % queue.size;
        if (id == 0) {
          complete(id, queue, command, admin(command));
        } else {
          take(id, queue, command);
        }
      }
    }
    return hasWorked;
  }

  private void take(int id, Queue queue, long[] command) {
    int opcode = (int) command[0] & 0xff;
    commandCounts[opcode]++;
    boolean isStalled = opcode <= COMPARE && command[5] == stalledLba && opcode != FLUSH;
    if (isStalled && stalledCountMax.getAndDecrement() > 0) {
      stalled.put((int) (command[0] >>> 16 & 0xffff) << 16 | id, () -> abort(id, queue, command));
      return;
    }
    late.add(
        () -> {
          if (queues.get(id) == queue) {
            complete(id, queue, command, execute(command));
          }
        });
  }

  private void abort(int id, Queue queue, long[] command) {
    complete(id, queue, command, 0x07);
  }

  private void complete(int id, Queue queue, long[] command, long statusAndResult) {
    long target =
        translate(queue.completions + 16L * queue.completionTail, 16, "a completion entry");
    if (target == 0) {
      return;
    }
    int status = (int) statusAndResult & 0x7fff;
    int dword3 = (int) (command[0] >>> 16 & 0xffff) | queue.phase << 16 | status << 17;
    NativeMemory.ALL.set(JAVA_INT, target, (int) (statusAndResult >>> 32));
    NativeMemory.ALL.set(JAVA_INT, target + 8, queue.head | id << 16);
    INT.setRelease(NativeMemory.ALL, target + 12, dword3);
    if (queue.vector >= 0 && !losesInterrupts) {
      interrupt(eventFds[queue.vector]);
    }
    queue.completionTail++;
    if (queue.completionTail == queue.completionSize) {
      queue.completionTail = 0;
      queue.phase ^= 1;
    }
  }

  private long admin(long[] command) {
    int opcode = (int) command[0] & 0xff;
    int dword10 = (int) command[5];
    int dword11 = (int) (command[5] >>> 32);
    return switch (opcode) {
      case ADMIN_IDENTIFY -> identify(command, dword10 & 0xff);
      case ADMIN_SET_FEATURES -> (long) (QUEUE_COUNT - 1 | QUEUE_COUNT - 1 << 16) << 32;
      case ADMIN_CREATE_CQ -> createCompletions(command[3], dword10, dword11);
      case ADMIN_CREATE_SQ -> createSubmissions(command[3], dword10, dword11);
      case ADMIN_DELETE_SQ -> deleteSubmissions(dword10);
      case ADMIN_DELETE_CQ -> queues.remove(dword10) == null ? 0x101 : 0;
      case ADMIN_ABORT -> abort(dword10);
      case ADMIN_GET_LOG_PAGE -> put(command[3], logPage(dword10 & 0xff));
      default -> 0x01;
    };
  }

  private long createCompletions(long iova, int dword10, int dword11) {
    if (refusesQueues) {
      return 0x101;
    }
    Queue queue = new Queue();
    queue.completions = iova;
    queue.vector = (dword11 & 2) == 0 ? -1 : dword11 >>> 16;
    queue.completionSize = (dword10 >>> 16) + 1;
    queues.put(dword10 & 0xffff, queue);
    set(NvmeRegisters.DOORBELLS + 8 * (dword10 & 0xffff), 0);
    return 0;
  }

  private long createSubmissions(long iova, int dword10, int dword11) {
    Queue queue = queues.get(dword10 & 0xffff);
    if (queue == null || dword11 >>> 16 != (dword10 & 0xffff)) {
      return 0x100;
    }
    queue.submissions = iova;
    queue.size = (dword10 >>> 16) + 1;
    queue.hasSubmissions = true;
    return 0;
  }

  private long deleteSubmissions(int id) {
    Queue queue = queues.get(id);
    if (queue == null) {
      return 0x101;
    }
    queue.hasSubmissions = false;
    return 0;
  }

  private long abort(int command) {
    abortCount.incrementAndGet();
    Runnable aborted = canAbort ? stalled.remove(command) : null;
    if (aborted == null) {
      return 1L << 32; // not aborted
    }
    aborted.run();
    return 0;
  }

  private long identify(long[] command, int structure) {
    int id = (int) (command[0] >>> 32);
    byte[] data = new byte[IDENTIFY_BYTES];
    switch (structure) {
      case CNS_CONTROLLER -> data = identity;
      case CNS_COMMAND_SET_CONTROLLER -> data = commandSet;
      case CNS_ACTIVE_NAMESPACES -> {
        for (int i = 0; i < namespaces.size(); i++) {
          data[4 * i] = (byte) (i + 1);
        }
      }
      case CNS_NAMESPACE -> {
        if (id >= 1 && id <= namespaces.size()) {
          data = namespaces.get(id - 1).identify();
        }
      }
      default -> {
        data[0] = 4;
        data[1] = 1;
        data[4] = (byte) namespaces.get(id - 1).commandSet;
      }
    }
    return put(command[3], data);
  }

  private byte[] logPage(int page) {
    byte[] data = new byte[page == LOG_HEALTH ? 512 : IDENTIFY_BYTES];
    if (page == LOG_HEALTH) {
      data[1] = 0x2c;
      data[2] = 0x01;
      data[3] = 100;
      data[112] = 12;
    } else {
      data[0] = 3;
      data[8] = 1;
      data[12] = 0x02;
      data[13] = 0x05;
      data[16] = 77;
      data[24] = 1;
    }
    return data;
  }

  private long put(long iova, byte[] data) {
    long target = translate(iova, data.length, "data");
    if (target != 0) {
      MemorySegment.copy(data, 0, NativeMemory.ALL, JAVA_BYTE, target, data.length);
    }
    return 0;
  }

  private long execute(long[] command) {
    int opcode = (int) command[0] & 0xff;
    int id = (int) (command[0] >>> 32);
    if (id < 1 || id > namespaces.size()) {
      violations.add("namespace " + id);
      return 0x0b | 1 << 14;
    }
    ModelNamespace namespace = namespaces.get(id - 1);
    long lba = command[5];
    int count = ((int) command[6] & 0xffff) + 1;
    return switch (opcode) {
      case FLUSH -> 0;
      case WRITE_ZEROES -> zero(namespace, lba, count);
      case DATASET_MANAGEMENT -> deallocate(namespace, command[3]);
      case READ, WRITE, COMPARE -> transfer(opcode, namespace, command, count);
      default -> 0x01 | 1 << 14;
    };
  }

  private long zero(ModelNamespace namespace, long lba, int count) {
    if (commandSet[1] > 0 && (long) count * namespace.blockBytes > 4096L << commandSet[1]) {
      violations.add("zeroes for " + count + " blocks");
      return 0x02 | 1 << 14;
    }
    return namespace.zero(lba, count);
  }

  private long deallocate(ModelNamespace namespace, long iova) {
    long range = translate(iova, 16, "a range");
    long blocks = NativeMemory.ALL.get(JAVA_INT, range + 4) & 0xffff_ffffL;
    if (commandSet[4] > 0 && blocks > commandSet[4]) {
      violations.add("a range of " + blocks + " blocks");
      return 0x02 | 1 << 14;
    }
    return namespace.zero(NativeMemory.ALL.get(JAVA_LONG, range + 8), blocks);
  }

  private long transfer(int opcode, ModelNamespace namespace, long[] command, int count) {
    long lba = command[5];
    long lengthBytes = (long) count * namespace.blockBytes;
    if (shape.mdts > 0 && lengthBytes > 4096L << shape.mdts) {
      violations.add("a transfer of " + lengthBytes + " bytes");
      return 0x02 | 1 << 14;
    }
    int fault = namespace.fault(lba, count, opcode != READ);
    if (fault != 0) {
      return fault;
    }
    long done = 0;
    long offset = lba * namespace.blockBytes;
    for (int page = 0; done < lengthBytes; page++) {
      long iova = page(command, page, lengthBytes);
      long part = Math.min(lengthBytes - done, 4096 - (iova & 4095));
      if (page > 0 && (iova & 4095) != 0) {
        violations.add("PRP entry " + page + " has an offset");
      }
      long address = translate(iova, part, "a page");
      if (address == 0) {
        return 0x04;
      }
      int status = namespace.move(opcode, offset + done, address, part);
      if (status != 0) {
        return status;
      }
      done += part;
    }
    return 0;
  }

  /** Returns a page of a transfer, by the rules of PRP entries and lists. */
  private long page(long[] command, int index, long lengthBytes) {
    long first = command[3];
    if (index == 0) {
      return first;
    }
    boolean hasList = (first & 4095) + lengthBytes > 2 * 4096;
    if (!hasList) {
      return command[4];
    }
    long entry = command[4] + 8L * (index - 1);
    if ((entry & -4096) != (command[4] & -4096)) {
      violations.add("a PRP list crosses a page");
    }
    long address = translate(entry, 8, "a PRP list");
    return address == 0 ? 0 : NativeMemory.ALL.get(JAVA_LONG, address);
  }

  /** Translates as an IOMMU does: 0 and a note where nothing is mapped. */
  private long translate(long iova, long lengthBytes, String what) {
    Map.Entry<Long, Long> region = mapped.floorEntry(iova);
    if (region == null || iova + lengthBytes > region.getKey() + region.getValue()) {
      violations.add(what + " at unmapped 0x" + Long.toHexString(iova));
      return 0;
    }
    if (isIsolated) {
      return 0;
    }
    return iova - IOVA_OFFSET;
  }

  private int get(int offset) {
    return (int) INT.getAcquire(NativeMemory.ALL, registers.address() + offset);
  }

  private long getLong(int offset) {
    return get(offset) & 0xffff_ffffL | (long) get(offset + 4) << 32;
  }

  private void set(int offset, int value) {
    INT.setRelease(NativeMemory.ALL, registers.address() + offset, value);
  }
}
