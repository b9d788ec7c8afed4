// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.nvme.NvmeAdmin.Command;
import dev.basalt.iostack.nvme.ControllerIdentity;
import dev.basalt.iostack.nvme.ErrorLogEntry;
import dev.basalt.iostack.nvme.HealthLog;
import dev.basalt.iostack.nvme.NamespaceIdentity;
import dev.basalt.iostack.nvme.NvmeInspector;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One controller: brought up, identified, its I/O queues created; reset when it does not answer;
 * shut down in order.
 *
 * <p><b>Life.</b>
 *
 * <pre>
 *  open --> RUNNING --recover--> (disabled, enabled again) --> RUNNING, generation + 1
 *               |                       | does not come back, or is gone
 *             close                     v
 *               +-----------------> FAILED: every command fails
 * </pre>
 *
 * A reset ends all queues. Each queue pair finds that the generation has changed, fails what it had
 * in flight, and has its queues created again. The generation changes only once the controller has
 * said that it is disabled (CSTS.RDY = 0): from then on it writes to no memory (section 3.7.2), and
 * the memory of the commands can be used again.
 *
 * <p><b>Ownership.</b> Owns the bus and the admin queue.
 *
 * <p><b>A controller that failed by itself</b> (CSTS.CFS, or not ready though nobody disabled it)
 * may have lost what was in its volatile write cache; a reset that the driver asks for keeps it. So
 * after such a failure every flush fails until the controller is opened anew: what was written
 * since the last good flush cannot be vouched for.
 *
 * <p><b>Concurrency.</b> Any thread; guarded by its monitor but for {@code generation}, {@code
 * failure} and {@code mayHaveLostWrites}, which are volatile and read by queue pairs on their way.
 */
public final class NvmeController implements NvmeInspector {
  private static final System.Logger LOG = System.getLogger(NvmeController.class.getName());
  private static final long NAP_NANOS = 100_000;
  private static final long SHUTDOWN_NANOS = 10_000_000_000L;
  private static final long SHUTDOWN_NANOS_MAX = 60_000_000_000L;
  private static final int QUEUE_COUNT_WANTED = 128;

  /** Physically contiguous (sections 5.4 and 5.5, figures 158 and 162). */
  private static final int CONTIGUOUS = 1;

  private final NvmeBus bus;
  private final NvmeRegisters registers;
  private final Execution execution;
  private final NvmeConfig config;
  private final NvmeAdmin admin;
  private final BitSet queueIds = new BitSet();
  private final ControllerIdentity identity;
  private final CommandSetIdentity commandSet;
  private final NvmeInterrupts interrupts;
  private int queueCount;
  private boolean isClosed;

  private volatile int generation;
  private volatile @Nullable String failure;
  private volatile boolean mayHaveLostWrites;

  private NvmeController(NvmeBus bus, NvmeConfig config, Execution execution) throws IOException {
    this.bus = bus;
    this.config = config;
    this.execution = execution;
    registers = new NvmeRegisters(bus.registers());
    checkUsable();
    admin = new NvmeAdmin(bus, registers, execution, config.adminNanos());
    boolean isUp = false;
    try {
      bringUp();
      try (Arena arena = Arena.ofConfined()) {
        identity = ControllerIdentity.of(admin.identify(CNS_CONTROLLER, 0, arena));
        commandSet = commandSet(arena);
      }
      interrupts =
          config.interrupts() ? NvmeInterrupts.open(bus, queueCount) : NvmeInterrupts.none();
      isUp = true;
    } finally {
      if (!isUp) {
        giveUp();
      }
    }
  }

  /**
   * Brings a controller up.
   *
   * @param bus reaches it; taken over, also when this fails
   * @param config how long it may take
   * @param execution the seam for waits
   * @return the running controller, to be closed by the caller
   * @throws IOException when it cannot be driven; the message says why
   */
  public static NvmeController open(NvmeBus bus, NvmeConfig config, Execution execution)
      throws IOException {
    boolean isOpen = false;
    try {
      NvmeController controller = new NvmeController(bus, config, execution);
      isOpen = true;
      return controller;
    } finally {
      if (!isOpen) {
        bus.close();
      }
    }
  }

  @Override
  public ControllerIdentity identity() {
    return identity;
  }

  NvmeInterrupts interrupts() {
    return interrupts;
  }

  /** Returns the limits of the NVM command set, as of the controller's start. */
  CommandSetIdentity commandSet() {
    return commandSet;
  }

  private CommandSetIdentity commandSet(Arena arena) throws NvmeException {
    if (!registers.hasAllCommandSets()) {
      return CommandSetIdentity.UNKNOWN;
    }
    try {
      return CommandSetIdentity.of(admin.identify(CNS_COMMAND_SET_CONTROLLER, 0, arena));
    } catch (NvmeException e) {
      if (e.isUnresponsive()) {
        throw e;
      }
      LOG.log(System.Logger.Level.DEBUG, bus + ": tells no limits of its command set", e);
      return CommandSetIdentity.UNKNOWN;
    }
  }

  @Override
  public synchronized List<Integer> namespaceIds() throws IOException {
    checkRunning();
    try (Arena arena = Arena.ofConfined()) {
      return NamespaceIdentity.idsOf(identify(CNS_ACTIVE_NAMESPACES, 0, arena));
    }
  }

  @Override
  public synchronized NamespaceIdentity namespace(int id) throws IOException {
    checkRunning();
    try (Arena arena = Arena.ofConfined()) {
      int commandSet =
          registers.hasAllCommandSets()
              ? NamespaceIdentity.commandSet(identify(CNS_NAMESPACE_DESCRIPTORS, id, arena))
              : NamespaceIdentity.COMMAND_SET_NVM;
      return NamespaceIdentity.of(id, identify(CNS_NAMESPACE, id, arena), commandSet);
    }
  }

  @Override
  public synchronized HealthLog health() throws IOException {
    checkRunning();
    try (Arena arena = Arena.ofConfined()) {
      return HealthLog.of(logPage(LOG_HEALTH, HealthLog.BYTES, arena));
    }
  }

  @Override
  public synchronized List<ErrorLogEntry> errors() throws IOException {
    checkRunning();
    try (Arena arena = Arena.ofConfined()) {
      return ErrorLogEntry.listOf(logPage(LOG_ERROR, IDENTIFY_BYTES, arena));
    }
  }

  /** Returns how many queue pairs the controller has granted. */
  synchronized int queueCount() {
    return queueCount;
  }

  /** Returns the most commands in flight of a queue pair. */
  int queueDepthMax() {
    return registers.queueEntriesMax() - 1;
  }

  NvmeBus bus() {
    return bus;
  }

  NvmeRegisters registers() {
    return registers;
  }

  NvmeConfig config() {
    return config;
  }

  Execution execution() {
    return execution;
  }

  int generation() {
    return generation;
  }

  /** Returns why no command can succeed any more, or null. */
  @Nullable String failure() {
    return failure;
  }

  /** Takes a free queue id. */
  synchronized int takeQueueId() throws IOException {
    checkRunning();
    int id = queueIds.nextClearBit(1);
    if (id > queueCount) {
      throw new IOException(
          "all %d queue pairs of the controller are open; close one, or use fewer pollers"
              .formatted(queueCount));
    }
    queueIds.set(id);
    return id;
  }

  synchronized void giveQueueId(int id) {
    queueIds.clear(id);
  }

  /** An admin command that does not end leaves its memory with the controller: reset. */
  private NvmeException resetIfUnresponsive(int ofGeneration, NvmeException e) {
    if (e.isUnresponsive()) {
      recover(ofGeneration, String.valueOf(e.getMessage()));
    }
    return e;
  }

  private int execute(Command command) throws NvmeException {
    int seen = generation;
    try {
      return admin.execute(command);
    } catch (NvmeException e) {
      throw resetIfUnresponsive(seen, e);
    }
  }

  private MemorySegment identify(int structure, int namespaceId, Arena arena) throws NvmeException {
    int seen = generation;
    try {
      return admin.identify(structure, namespaceId, arena);
    } catch (NvmeException e) {
      throw resetIfUnresponsive(seen, e);
    }
  }

  private MemorySegment logPage(int page, int lengthBytes, Arena arena) throws NvmeException {
    int seen = generation;
    try {
      return admin.logPage(page, lengthBytes, arena);
    } catch (NvmeException e) {
      throw resetIfUnresponsive(seen, e);
    }
  }

  /**
   * Creates the queues of a queue pair (sections 5.4 and 5.5); returns the generation they are of.
   */
  synchronized int createQueues(NvmeQueue queue) throws IOException {
    checkRunning();
    int size = queue.entryCount() - 1 << 16 | queue.id();
    int seen = generation;
    int how = CONTIGUOUS | interrupts.flags(queue.id());
    execute(new Command(ADMIN_CREATE_CQ, 0, queue.completionsIova(), size, how));
    boolean isCreated = false;
    try {
      execute(
          new Command(
              ADMIN_CREATE_SQ, 0, queue.submissionsIova(), size, CONTIGUOUS | queue.id() << 16));
      isCreated = true;
    } finally {
      if (!isCreated && seen == generation) {
        deleteQueue(ADMIN_DELETE_CQ, queue.id());
      }
    }
    return generation;
  }

  /** Deletes the queues of a queue pair, if they are of this generation. */
  synchronized void deleteQueues(NvmeQueue queue, int ofGeneration) {
    if (failure == null && ofGeneration == generation) {
      deleteQueue(ADMIN_DELETE_SQ, queue.id());
      if (ofGeneration == generation) { // a reset has deleted both
        deleteQueue(ADMIN_DELETE_CQ, queue.id());
      }
    }
  }

  private void deleteQueue(int opcode, int id) {
    try {
      admin.execute(new Command(opcode, 0, 0, id, 0));
    } catch (NvmeException e) {
      // Its memory is about to be freed: the controller must not know it any more.
      recover(generation, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Asks for a command to be ended early (section 5.1).
   *
   * @return false when the controller does not answer
   */
  synchronized boolean tryAbort(int ofGeneration, int queueId, int commandId) {
    if (failure != null || ofGeneration != generation) {
      return false;
    }
    try {
      admin.execute(new Command(ADMIN_ABORT, 0, 0, queueId | commandId << 16, 0));
      return true;
    } catch (NvmeException e) {
      return !e.isUnresponsive(); // a limit of aborts, for one
    }
  }

  /** Tells whether flushes prove nothing any more, because the volatile cache was lost perhaps. */
  boolean mayHaveLostWrites() {
    return mayHaveLostWrites;
  }

  /** Tells whether the controller's status asks for a reset or says that it is gone. */
  boolean isIll() {
    return hasFailedByItself(registers.get(NvmeRegisters.STATUS));
  }

  /** Of a controller that should run; one that is gone has all bits set. */
  private static boolean hasFailedByItself(int status) {
    return (status & (NvmeRegisters.FATAL | NvmeRegisters.READY)) != NvmeRegisters.READY;
  }

  /**
   * Resets the controller, once for all who find the same generation ill.
   *
   * @param ofGeneration what the caller has seen
   * @param reason for the log
   */
  synchronized void recover(int ofGeneration, String reason) {
    if (ofGeneration != generation || failure != null || isClosed) {
      return;
    }
    LOG.log(System.Logger.Level.WARNING, "{0}: reset, because {1}", bus, reason);
    if (hasFailedByItself(registers.get(NvmeRegisters.STATUS))
        && identity.hasVolatileWriteCache()) {
      LOG.log(System.Logger.Level.ERROR, "{0}: its volatile write cache may be lost", bus);
      mayHaveLostWrites = true; // before the generation: who sees that sees this
    }
    try {
      disable();
      generation++;
      enable();
      negotiateQueues();
    } catch (IOException e) {
      fail(reason + "; then " + e.getMessage());
    }
  }

  /** Gives the controller up: no command will ever succeed. */
  synchronized void fail(String reason) {
    if (failure != null) {
      return;
    }
    try {
      bus.isolate(); // whatever it still does: from here on its commands' memory is used again
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, bus + ": cannot be isolated", e);
    }
    LOG.log(System.Logger.Level.ERROR, "{0}: given up, because {1}", bus, reason);
    failure = reason;
    generation++;
  }

  private void checkUsable() throws IOException {
    if (registers.isAllOnes()) {
      throw NvmeException.unresponsive("the device does not answer: its registers read as ones");
    }
    if (registers.pageShiftMin() > PAGE_SHIFT) {
      throw NvmeException.refused(
          "the controller's smallest page is %d bytes, needed: 4096"
              .formatted(1 << registers.pageShiftMin()));
    }
    if (queueIdMax() < 1) {
      throw NvmeException.refused(
          "the registers have %d bytes, too few for doorbells %d bytes apart"
              .formatted(bus.registersBytes(), registers.doorbellStride()));
    }
    if (!registers.hasNvmCommandSet()) {
      throw NvmeException.refused("the controller has no NVM command set");
    }
  }

  private void bringUp() throws IOException {
    if ((registers.get(NvmeRegisters.CONFIGURATION) & NvmeRegisters.ENABLE) != 0) {
      awaitStart();
    }
    disable();
    enable();
    negotiateQueues();
  }

  private void disable() throws NvmeException {
    int configuration = registers.get(NvmeRegisters.CONFIGURATION);
    registers.set(NvmeRegisters.CONFIGURATION, configuration & ~NvmeRegisters.ENABLE);
    awaitStatus(NvmeRegisters.READY, 0, registers.readyNanosMax(), "disabled");
  }

  /** A controller that is being enabled must not be disabled before it is ready (figure 46). */
  private void awaitStart() throws NvmeException {
    long deadline = execution.nanoTime() + registers.readyNanosMax();
    int status = registers.get(NvmeRegisters.STATUS);
    while ((status & (NvmeRegisters.READY | NvmeRegisters.FATAL)) == 0
        && execution.nanoTime() - deadline < 0) {
      execution.parkNanos(this, NAP_NANOS);
      status = registers.get(NvmeRegisters.STATUS);
    }
  }

  private void enable() throws NvmeException {
    admin.install();
    int configuration = NvmeRegisters.QUEUE_ENTRY_SIZES;
    if (registers.hasAllCommandSets()) {
      configuration |= NvmeRegisters.ALL_COMMAND_SETS;
    }
    registers.set(NvmeRegisters.CONFIGURATION, configuration | NvmeRegisters.ENABLE);
    awaitStatus(
        NvmeRegisters.READY | NvmeRegisters.FATAL,
        NvmeRegisters.READY,
        registers.readyNanosMax(),
        "enabled");
  }

  /** Asks for queues (section 5.27.1.5); both counts come back from 0. */
  private void negotiateQueues() throws NvmeException {
    int wanted = QUEUE_COUNT_WANTED - 1;
    int granted =
        admin.execute(
            new Command(ADMIN_SET_FEATURES, 0, 0, FEATURE_QUEUE_COUNT, wanted | wanted << 16));
    int count = Math.min(granted & 0xffff, granted >>> 16) + 1;
    queueCount = Math.min(queueIdMax(), Math.min(QUEUE_COUNT_WANTED, count));
  }

  /** Returns the highest queue id whose doorbells are within the registers. */
  private int queueIdMax() {
    long doorbells = bus.registersBytes() - NvmeRegisters.DOORBELLS;
    return (int) (doorbells / (2L * registers.doorbellStride()) - 1);
  }

  private void awaitStatus(int mask, int value, long nanosMax, String what) throws NvmeException {
    long deadline = execution.nanoTime() + nanosMax;
    while (true) {
      int status = registers.get(NvmeRegisters.STATUS);
      if (status == NvmeRegisters.GONE) {
        throw NvmeException.unresponsive("the device is gone: its registers read as ones");
      }
      if ((status & mask) == value) {
        return;
      }
      if (execution.nanoTime() - deadline > 0) {
        throw NvmeException.unresponsive(
            "the controller is not %s after %,d ms (CSTS %08xh)"
                .formatted(what, nanosMax / 1_000_000, status));
      }
      execution.parkNanos(this, NAP_NANOS);
    }
  }

  private void checkRunning() throws IOException {
    if (isClosed) {
      throw new IllegalStateException("controller is closed");
    }
    String reason = failure;
    if (reason != null) {
      throw NvmeException.unresponsive("the controller was given up: " + reason);
    }
  }

  /**
   * Shuts the controller down in order (section 3.6.1): it makes durable what it holds. All queue
   * pairs must be closed before. Idempotent.
   *
   * @throws IllegalStateException when a queue pair is open
   */
  @Override
  public synchronized void close() {
    if (isClosed) {
      return;
    }
    if (!queueIds.isEmpty()) {
      throw new IllegalStateException(queueIds.cardinality() + " queue pairs are open");
    }
    isClosed = true;
    if (failure == null) {
      shutDown();
    }
    giveUp();
    bus.close();
    interrupts.close();
  }

  private void shutDown() {
    try {
      int configuration = registers.get(NvmeRegisters.CONFIGURATION);
      registers.set(
          NvmeRegisters.CONFIGURATION,
          configuration & ~NvmeRegisters.SHUTDOWN_MASK | NvmeRegisters.SHUTDOWN_NORMAL);
      awaitStatus(
          NvmeRegisters.SHUTDOWN_STATUS_MASK,
          NvmeRegisters.SHUTDOWN_COMPLETE,
          Math.clamp(identity.shutdownMicros() * 1_000, SHUTDOWN_NANOS, SHUTDOWN_NANOS_MAX),
          "shut down");
      disable();
    } catch (NvmeException e) {
      LOG.log(System.Logger.Level.WARNING, bus + ": not shut down in order", e);
    }
  }

  /** Frees the admin queue's memory once the controller cannot reach it. */
  private void giveUp() {
    try {
      bus.isolate();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, bus + ": cannot be isolated", e);
    }
    admin.close();
  }
}
