// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static dev.basalt.linux.IoUringAbi.CQ_OFFSETS_CQES;
import static dev.basalt.linux.IoUringAbi.ENTER_EXT_ARG;
import static dev.basalt.linux.IoUringAbi.ENTER_GETEVENTS;
import static dev.basalt.linux.IoUringAbi.FEATURE_EXT_ARG;
import static dev.basalt.linux.IoUringAbi.FEATURE_NODROP;
import static dev.basalt.linux.IoUringAbi.FEATURE_SINGLE_MMAP;
import static dev.basalt.linux.IoUringAbi.GETEVENTS_ARGUMENT_BYTES;
import static dev.basalt.linux.IoUringAbi.GETEVENTS_ARGUMENT_TIME;
import static dev.basalt.linux.IoUringAbi.MMAP_SQES;
import static dev.basalt.linux.IoUringAbi.MMAP_SQ_RING;
import static dev.basalt.linux.IoUringAbi.OFFSETS_HEAD;
import static dev.basalt.linux.IoUringAbi.OFFSETS_MASK;
import static dev.basalt.linux.IoUringAbi.OFFSETS_TAIL;
import static dev.basalt.linux.IoUringAbi.PARAMS_BYTES;
import static dev.basalt.linux.IoUringAbi.PARAMS_CQ_ENTRIES;
import static dev.basalt.linux.IoUringAbi.PARAMS_CQ_OFFSETS;
import static dev.basalt.linux.IoUringAbi.PARAMS_FEATURES;
import static dev.basalt.linux.IoUringAbi.PARAMS_FLAGS;
import static dev.basalt.linux.IoUringAbi.PARAMS_SQ_ENTRIES;
import static dev.basalt.linux.IoUringAbi.PARAMS_SQ_OFFSETS;
import static dev.basalt.linux.IoUringAbi.PROBE_ENTRY_BYTES;
import static dev.basalt.linux.IoUringAbi.PROBE_ENTRY_FLAGS;
import static dev.basalt.linux.IoUringAbi.PROBE_HEADER_BYTES;
import static dev.basalt.linux.IoUringAbi.PROBE_SUPPORTED;
import static dev.basalt.linux.IoUringAbi.REGISTER_BUFFERS;
import static dev.basalt.linux.IoUringAbi.REGISTER_ENABLE_RINGS;
import static dev.basalt.linux.IoUringAbi.REGISTER_FILES;
import static dev.basalt.linux.IoUringAbi.REGISTER_PROBE;
import static dev.basalt.linux.IoUringAbi.SETUP_COOP_TASKRUN;
import static dev.basalt.linux.IoUringAbi.SETUP_CQE32;
import static dev.basalt.linux.IoUringAbi.SETUP_DEFER_TASKRUN;
import static dev.basalt.linux.IoUringAbi.SETUP_IOPOLL;
import static dev.basalt.linux.IoUringAbi.SETUP_NO_SQARRAY;
import static dev.basalt.linux.IoUringAbi.SETUP_R_DISABLED;
import static dev.basalt.linux.IoUringAbi.SETUP_SINGLE_ISSUER;
import static dev.basalt.linux.IoUringAbi.SETUP_SQE128;
import static dev.basalt.linux.IoUringAbi.SETUP_SUBMIT_ALL;
import static dev.basalt.linux.IoUringAbi.SETUP_TASKRUN_FLAG;
import static dev.basalt.linux.IoUringAbi.SQ_CQ_OVERFLOW;
import static dev.basalt.linux.IoUringAbi.SQ_OFFSETS_ARRAY;
import static dev.basalt.linux.IoUringAbi.SQ_OFFSETS_FLAGS;
import static dev.basalt.linux.IoUringAbi.SQ_TASKRUN;
import static dev.basalt.linux.IoUringAbi.UNREGISTER_FILES;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * An io_uring: a submission and a completion queue shared with the kernel (io_uring(7)).
 *
 * <p>A ring is set up disabled by any thread, which registers files and buffers; {@link #enable}
 * gives it to the calling thread. Commands are written by {@link #tryQueue} and reach the kernel by
 * the next {@link #submit} or {@link #await}; completions are read at {@link #completion} and given
 * back by {@link #advance}. Commands for a device's driver are written at {@link #tryCommand}.
 *
 * <p><b>Ownership.</b> The ring owns its file descriptor, the two mappings shared with the kernel
 * and a shared arena. Nothing of it may be used after {@link #close}; memory named in commands has
 * to stay until their completions came.
 *
 * <p><b>Concurrency.</b>
 *
 * <ol>
 *   <li><b>Owner.</b> From {@link #enable} on, one thread: the kernel refuses others (EEXIST; from
 *       Linux 6.1 on, before that the caller ensures it).
 *   <li><b>State.</b> Four indices that only grow: the owner writes the tail of the submission and
 *       the head of the completion queue, the kernel the other two. As there is no kernel thread
 *       for submissions, the kernel takes entries only within {@link #submit} and {@link #await}.
 *   <li><b>Ordering.</b> Submission tail: release, pairs with the kernel's acquire load. Completion
 *       tail: acquire, pairs with the kernel's release store. Completion head: release, pairs with
 *       the kernel's acquire load.
 *   <li><b>Progress.</b> Only {@link #await} waits, for its time at most. With deferred task work
 *       the kernel posts completions only when the owner enters it (facts, trap 4): {@link
 *       #needsEnter} tells.
 * </ol>
 */
public final class IoUring implements AutoCloseable {
  /**
   * Bytes of a completion queue entry: u64 user data, s32 result, u32 flags; on a ring for commands
   * as many again, with what else the driver says.
   */
  static final int COMPLETION_BYTES = 16;

  /** The kernel's limit of one registered buffer (facts, trap 11). */
  public static final long REGISTERED_BYTES_MAX = 1L << 30;

  private static final VarHandle INDEX = JAVA_INT.varHandle().withInvokeExactBehavior();
  private static final int ENTER = SyscallNumber.IO_URING_ENTER;
  private static final int COMPLETION_RESULT_OFFSET = 8;
  private static final int OPERATIONS_MAX = 64;
  private static final int NANOS_PER_SECOND = 1_000_000_000;

  /** How many of the newest set-ups not to ask for: to try here what older kernels get. */
  private static final String SKIPPED_SETUPS = "basalt.io_uring.skipped-setups";

  private static final int FEATURES_NEEDED = FEATURE_SINGLE_MMAP | FEATURE_NODROP | FEATURE_EXT_ARG;

  /** What to ask for, best first; each but the last may be too new for the kernel. */
  private static final int[] SETUPS = {
    SETUP_R_DISABLED
        | SETUP_SUBMIT_ALL
        | SETUP_SINGLE_ISSUER
        | SETUP_DEFER_TASKRUN
        | SETUP_TASKRUN_FLAG
        | SETUP_NO_SQARRAY, // Linux 6.6
    SETUP_R_DISABLED
        | SETUP_SUBMIT_ALL
        | SETUP_SINGLE_ISSUER
        | SETUP_DEFER_TASKRUN
        | SETUP_TASKRUN_FLAG, // Linux 6.1
    SETUP_R_DISABLED | SETUP_SUBMIT_ALL | SETUP_COOP_TASKRUN | SETUP_TASKRUN_FLAG, // Linux 5.19
    SETUP_R_DISABLED,
  };

  /** What a ring carries. */
  public enum Kind {
    /** Reads, writes and the like, on files. */
    FILES(0),
    /** The same, and commands for the driver of a device (Linux 5.19). */
    COMMANDS(SETUP_SQE128 | SETUP_CQE32),
    /**
     * Commands only; the kernel does not wait for interrupts but looks whether they are done, each
     * time it is entered (Linux 6.1).
     */
    POLLED_COMMANDS(SETUP_SQE128 | SETUP_CQE32 | SETUP_IOPOLL);

    private final int setup;

    Kind(int setup) {
      this.setup = setup;
    }
  }

  private final Arena arena = Arena.ofShared();
  private final Syscall syscall = new Syscall(arena);
  private final MemorySegment time = arena.allocate(JAVA_LONG, 2);
  private final MemorySegment enterArgument = arena.allocate(GETEVENTS_ARGUMENT_BYTES, 8);
  private final MemorySegment parameters = arena.allocate(PARAMS_BYTES, 8);
  private final Kind kind;
  private final int fd;
  private final int setupFlags;
  private final long operations;

  private final long rings;
  private final long ringsBytes;
  private final long entries;
  private final long entriesBytes;
  private final int entryShift;
  private final int completionShift;
  private final int submissionMask;
  private final int completionMask;
  private final long submissionTailAddress;
  private final long submissionFlagsAddress;
  private final long completionHeadAddress;
  private final long completionTailAddress;
  private final long completions;

  private int submissionTail;
  private int unsubmitted;
  private int completionHead;
  private int completionTail;
  private boolean closed;

  /**
   * Sets a ring for files up, disabled, with the best features the kernel has.
   *
   * @param entryCountMin submission entries needed, 1 to 32768
   * @throws ErrnoException when the kernel refuses; the message says why and what to do
   */
  public IoUring(int entryCountMin) throws ErrnoException {
    this(entryCountMin, Kind.FILES);
  }

  /**
   * Sets a ring up, disabled, with the best features the kernel has.
   *
   * @param entryCountMin submission entries needed, 1 to 32768
   * @param kind what it is to carry
   * @throws ErrnoException when the kernel refuses; the message says why and what to do
   */
  public IoUring(int entryCountMin, Kind kind) throws ErrnoException {
    this.kind = kind;
    int doubling = kind == Kind.FILES ? 0 : 1;
    entryShift = Integer.numberOfTrailingZeros(SubmissionEntry.SIZE_BYTES) + doubling;
    completionShift = Integer.numberOfTrailingZeros(COMPLETION_BYTES) + doubling;
    enterArgument.set(JAVA_LONG, GETEVENTS_ARGUMENT_TIME, time.address());
    fd = setUp(entryCountMin);
    try {
      requireFeatures(parameter(PARAMS_FEATURES));
      setupFlags = parameter(PARAMS_FLAGS);
      operations = probe();
      int entryCount = parameter(PARAMS_SQ_ENTRIES);
      ringsBytes = ringsBytes(entryCount);
      entriesBytes = (long) entryCount << entryShift;
      rings = map(ringsBytes, MMAP_SQ_RING);
      entries = mapEntries();
      submissionMask = number(rings + parameter(PARAMS_SQ_OFFSETS + OFFSETS_MASK));
      completionMask = number(rings + parameter(PARAMS_CQ_OFFSETS + OFFSETS_MASK));
      submissionTailAddress = rings + parameter(PARAMS_SQ_OFFSETS + OFFSETS_TAIL);
      submissionFlagsAddress = rings + parameter(PARAMS_SQ_OFFSETS + SQ_OFFSETS_FLAGS);
      completionHeadAddress = rings + parameter(PARAMS_CQ_OFFSETS + OFFSETS_HEAD);
      completionTailAddress = rings + parameter(PARAMS_CQ_OFFSETS + OFFSETS_TAIL);
      completions = rings + parameter(PARAMS_CQ_OFFSETS + CQ_OFFSETS_CQES);
      fillArray(entryCount);
    } catch (Throwable e) {
      Syscall.shared(SyscallNumber.CLOSE, fd);
      arena.close();
      throw e;
    }
  }

  /**
   * Tells whether the kernel has an operation.
   *
   * @param opcode one of {@link SubmissionEntry}'s
   * @return true when commands with it are accepted
   */
  public boolean supports(int opcode) {
    return opcode < OPERATIONS_MAX && (operations & 1L << opcode) != 0;
  }

  /**
   * Describes how the ring was set up, for statistics and bug reports.
   *
   * @return such as {@code single issuer, deferred task work, no array}
   */
  public String mode() {
    String work =
        has(SETUP_DEFER_TASKRUN)
            ? "single issuer, deferred task work"
            : has(SETUP_COOP_TASKRUN) ? "cooperative task work" : "plain";
    return work
        + (has(SETUP_NO_SQARRAY) ? ", no array" : "")
        + (kind == Kind.POLLED_COMMANDS ? ", polled" : "");
  }

  /**
   * Tells whether commands can name registered buffers. The kernels that can are those that defer
   * task work, from 6.1 on.
   *
   * @return false on a kernel that refuses them
   */
  public boolean hasFixedCommands() {
    return has(SETUP_DEFER_TASKRUN);
  }

  /**
   * Registers files, once, so that commands name them by index.
   *
   * @param descriptors open file descriptors; the ring keeps the files open beyond them
   * @throws ErrnoException when the kernel refuses
   */
  public void registerFiles(int... descriptors) throws ErrnoException {
    MemorySegment numbers = arena.allocateFrom(JAVA_INT, descriptors);
    register("FILES", REGISTER_FILES, numbers.address(), descriptors.length, "");
  }

  /**
   * Registers buffers, once, with indices from 0 on. Their memory is pinned now: from here on the
   * kernel uses these very frames, so none of it may be dropped (facts, trap 1).
   *
   * @param addressesAndSizes for each buffer where it begins and its length, at most {@link
   *     #REGISTERED_BYTES_MAX}
   * @throws ErrnoException when the kernel refuses, as with too low a limit of locked memory
   */
  public void registerBuffers(long... addressesAndSizes) throws ErrnoException {
    int count = addressesAndSizes.length / 2;
    try (Arena vectors = Arena.ofConfined()) {
      long address = vectors.allocateFrom(JAVA_LONG, addressesAndSizes).address();
      register("BUFFERS", REGISTER_BUFFERS, address, count, "");
    } catch (ErrnoException e) {
      long sizeBytes = 0;
      for (int i = 1; i < addressesAndSizes.length; i += 2) {
        sizeBytes += addressesAndSizes[i];
      }
      String otherwise =
          kind == Kind.FILES ? "open without fixed=true" : "use io_uring: instead of nvme-uring:";
      String advice = IoUringRefusal.ofBuffers(e.errno(), sizeBytes, otherwise);
      throw new ErrnoException(e.call() + " of " + sizeBytes + " bytes", e.errno(), advice);
    }
  }

  /**
   * Enables the ring and makes the calling thread its owner. Virtual threads are refused: they
   * would give it to whatever carries them at the moment.
   *
   * @throws ErrnoException when the kernel refuses
   */
  public void enable() throws ErrnoException {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("a virtual thread cannot own a ring; use a platform thread");
    }
    register("ENABLE_RINGS", REGISTER_ENABLE_RINGS, 0, 0, "");
  }

  /**
   * Writes a command into the submission queue.
   *
   * @param head of {@link SubmissionEntry#head}
   * @param offset the offset field
   * @param address the address field
   * @param lengthAndFlags of {@link SubmissionEntry#lengthAndFlags}
   * @param userData comes back with the completion
   * @return false when the queue is full
   */
  public boolean tryQueue(
      long head, long offset, long address, long lengthAndFlags, long userData) {
    if (unsubmitted > submissionMask) {
      return false;
    }
    long entry = nextEntry();
    put(entry, head);
    put(entry + SubmissionEntry.OFFSET_OFFSET, offset);
    put(entry + SubmissionEntry.ADDRESS_OFFSET, address);
    put(entry + SubmissionEntry.LENGTH_OFFSET, lengthAndFlags);
    put(entry + SubmissionEntry.USER_DATA_OFFSET, userData);
    put(entry + SubmissionEntry.BUFFER_INDEX_OFFSET, 0);
    put(entry + SubmissionEntry.BUFFER_INDEX_OFFSET + 8, 0);
    put(entry + SubmissionEntry.BUFFER_INDEX_OFFSET + 16, 0);
    submissionTail++;
    unsubmitted++;
    return true;
  }

  /**
   * Returns where the next command for a driver is to be written; {@link #queueCommand} queues it.
   * Only on a ring for commands.
   *
   * @return absolute address of {@link SubmissionEntry#COMMAND_BYTES} bytes, zeroes but for what
   *     was written there for earlier commands; 0 when the queue is full
   */
  public long tryCommand() {
    return unsubmitted > submissionMask ? 0 : nextEntry() + SubmissionEntry.COMMAND_OFFSET;
  }

  /**
   * Queues the command written at {@link #tryCommand}.
   *
   * @param head of {@link SubmissionEntry#head}, with {@link SubmissionEntry#OP_URING_CMD}
   * @param operation the driver's number of it
   * @param flags 0 or {@link SubmissionEntry#URING_CMD_FIXED}
   * @param bufferIndex of the registered buffer, where flags say so
   * @param userData comes back with the completion
   */
  public void queueCommand(long head, int operation, int flags, int bufferIndex, long userData) {
    assert kind != Kind.FILES : "no room for a command";
    long entry = nextEntry();
    put(entry, head);
    put(entry + SubmissionEntry.OFFSET_OFFSET, operation & 0xffff_ffffL);
    put(entry + SubmissionEntry.ADDRESS_OFFSET, 0);
    put(entry + SubmissionEntry.LENGTH_OFFSET, SubmissionEntry.lengthAndFlags(0, flags));
    put(entry + SubmissionEntry.USER_DATA_OFFSET, userData);
    put(entry + SubmissionEntry.BUFFER_INDEX_OFFSET, bufferIndex);
    submissionTail++;
    unsubmitted++;
  }

  private long nextEntry() {
    return entries + ((long) (submissionTail & submissionMask) << entryShift);
  }

  /**
   * Returns how many queued commands the kernel has not taken.
   *
   * @return 0 to the number of entries
   */
  public int unsubmitted() {
    return unsubmitted;
  }

  /**
   * Enters the kernel: hands over what is queued and has completions posted.
   *
   * @return how many commands were taken, or the negated errno; the rest stays queued
   */
  public int submit() {
    publish();
    return taken(syscall.call(ENTER, fd, unsubmitted, 0, ENTER_GETEVENTS, 0, 0));
  }

  /**
   * Enters the kernel as {@link #submit} and waits there until a completion is posted or time is
   * over.
   *
   * @param nanos the longest wait, above 0
   * @return how many commands were taken, or the negated errno, ETIME after the time; the rest
   *     stays queued
   */
  public int await(long nanos) {
    publish();
    time.set(JAVA_LONG, 0, nanos / NANOS_PER_SECOND);
    time.set(JAVA_LONG, 8, nanos % NANOS_PER_SECOND);
    return taken(
        syscall.call(
            ENTER,
            fd,
            unsubmitted,
            1,
            ENTER_GETEVENTS | ENTER_EXT_ARG,
            enterArgument.address(),
            GETEVENTS_ARGUMENT_BYTES));
  }

  /**
   * Tells whether completions wait in the kernel until {@link #submit} is called: deferred task
   * work or an overflown completion queue. A polled ring has to be entered always.
   *
   * @return true when entering the kernel may post some
   */
  public boolean needsEnter() {
    if (kind == Kind.POLLED_COMMANDS) {
      return true;
    }
    // Opaque suffices: a hint, read again by the next poll; the completions are ordered by the
    // tail.
    int flags = (int) INDEX.getOpaque(NativeMemory.ALL, submissionFlagsAddress);
    return (flags & (SQ_TASKRUN | SQ_CQ_OVERFLOW)) != 0;
  }

  /**
   * Returns the next completion.
   *
   * @return its absolute address, for {@link #userData} and {@link #result}; 0 when there is none
   */
  public long completion() {
    if (completionHead == completionTail) {
      // Pairs with the kernel's release store: the entries up to this tail are written.
      completionTail = (int) INDEX.getAcquire(NativeMemory.ALL, completionTailAddress);
      if (completionHead == completionTail) {
        return 0;
      }
    }
    return completions + ((long) (completionHead & completionMask) << completionShift);
  }

  /** Gives the entry of the next completion back to the kernel. */
  public void advance() {
    // Pairs with the kernel's acquire load: our reads of the entry are done before it is reused.
    INDEX.setRelease(NativeMemory.ALL, completionHeadAddress, ++completionHead);
  }

  /**
   * Reads a completion's user data.
   *
   * @param completion of {@link #completion}
   * @return as queued
   */
  public static long userData(long completion) {
    return NativeMemory.ALL.get(JAVA_LONG_UNALIGNED, completion);
  }

  /**
   * Reads a completion's result.
   *
   * @param completion of {@link #completion}
   * @return 0 or above, or the negated errno
   */
  public static int result(long completion) {
    return number(completion + COMPLETION_RESULT_OFFSET);
  }

  /** Releases the ring. Idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      // The kernel ends a ring in the background; its files are given back before that.
      Syscall.shared(SyscallNumber.IO_URING_REGISTER, fd, UNREGISTER_FILES, 0, 0);
      VirtualMemory.unmap(entries, entriesBytes);
      VirtualMemory.unmap(rings, ringsBytes);
      Syscall.shared(SyscallNumber.CLOSE, fd);
      arena.close();
    }
  }

  private int setUp(int entryCountMin) throws ErrnoException {
    long result = -Errno.EINVAL;
    int first = Math.clamp(Integer.getInteger(SKIPPED_SETUPS, 0), 0, SETUPS.length - 1);
    for (int i = first; i < SETUPS.length && result == -Errno.EINVAL; i++) {
      parameters.fill((byte) 0);
      parameters.set(JAVA_INT, PARAMS_FLAGS, SETUPS[i] | kind.setup);
      result = Syscall.shared(SyscallNumber.IO_URING_SETUP, entryCountMin, parameters.address());
    }
    if (result < 0) {
      arena.close();
      int errno = (int) -result;
      throw new ErrnoException(
          "io_uring_setup(" + entryCountMin + ", ...)",
          errno,
          kind != Kind.FILES && errno == Errno.EINVAL
              ? IoUringRefusal.ofCommands()
              : IoUringRefusal.ofSetup(errno, KernelInfo.ioUringDisabled(), Memlock.limitBytes()));
    }
    return (int) result;
  }

  private static void requireFeatures(int features) throws ErrnoException {
    if ((features & FEATURES_NEEDED) != FEATURES_NEEDED) {
      throw new ErrnoException(
          "io_uring_setup(features 0x" + Integer.toHexString(features) + ")",
          Errno.ENOSYS,
          "Linux " + KernelInfo.release() + " is too old, 5.11 is needed; use file:");
    }
  }

  private long ringsBytes(int entryCount) {
    long completionsEnd =
        parameter(PARAMS_CQ_OFFSETS + CQ_OFFSETS_CQES)
            + ((long) parameter(PARAMS_CQ_ENTRIES) << completionShift);
    long arrayEnd =
        parameter(PARAMS_SQ_OFFSETS + SQ_OFFSETS_ARRAY) + (long) entryCount * Integer.BYTES;
    return Math.max(completionsEnd, arrayEnd);
  }

  private long mapEntries() throws ErrnoException {
    try {
      return map(entriesBytes, MMAP_SQES);
    } catch (ErrnoException e) {
      VirtualMemory.unmap(rings, ringsBytes);
      throw e;
    }
  }

  private long map(long sizeBytes, long offset) throws ErrnoException {
    long address = VirtualMemory.mapShared(fd, sizeBytes, offset);
    if (address < 0) {
      throw new ErrnoException("mmap(io_uring, " + sizeBytes + ")", (int) -address);
    }
    return address;
  }

  /** Older kernels find entries through an array of indices: ours is always the identity. */
  private void fillArray(int entryCount) {
    if (!has(SETUP_NO_SQARRAY)) {
      long array = rings + parameter(PARAMS_SQ_OFFSETS + SQ_OFFSETS_ARRAY);
      for (int i = 0; i < entryCount; i++) {
        NativeMemory.ALL.set(JAVA_INT, array + (long) i * Integer.BYTES, i);
      }
    }
  }

  private long probe() throws ErrnoException {
    long bits = 0;
    MemorySegment probe =
        arena.allocate(PROBE_HEADER_BYTES + (long) OPERATIONS_MAX * PROBE_ENTRY_BYTES, 8);
    register("PROBE", REGISTER_PROBE, probe.address(), OPERATIONS_MAX, "");
    for (int i = 0; i < OPERATIONS_MAX; i++) {
      long entry = PROBE_HEADER_BYTES + (long) i * PROBE_ENTRY_BYTES;
      boolean supported = (probe.get(JAVA_SHORT, entry + PROBE_ENTRY_FLAGS) & PROBE_SUPPORTED) != 0;
      bits |= supported ? 1L << i : 0;
    }
    return bits;
  }

  private void register(String name, int code, long address, int count, String advice)
      throws ErrnoException {
    long result = Syscall.shared(SyscallNumber.IO_URING_REGISTER, fd, code, address, count);
    if (result < 0) {
      throw new ErrnoException("io_uring_register(" + name + ")", (int) -result, advice);
    }
  }

  private void publish() {
    // Pairs with the kernel's acquire load of the tail: the entries are written before it moves.
    INDEX.setRelease(NativeMemory.ALL, submissionTailAddress, submissionTail);
  }

  private int taken(long result) {
    if (result > 0) {
      unsubmitted -= (int) result;
    }
    return (int) result;
  }

  private boolean has(int flag) {
    return (setupFlags & flag) != 0;
  }

  private int parameter(int offset) {
    return parameters.get(JAVA_INT, offset);
  }

  private static int number(long address) {
    return NativeMemory.ALL.get(JAVA_INT_UNALIGNED, address);
  }

  private static void put(long address, long value) {
    NativeMemory.ALL.set(JAVA_LONG_UNALIGNED, address, value);
  }
}
