// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.internal.TransferMemory;
import dev.basalt.linux.NativeMemory;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * A submission queue with its completion queue (section 3.3): two rings in DMA memory and two
 * doorbells. Knows nothing of commands.
 *
 * <p>Never has more commands than entries less one: the user bounds what is in flight, and an entry
 * of a command that has completed was fetched.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time, with the controller at the other end:
 *
 * <ul>
 *   <li>Entries are plain stores, the doorbell is a release store: the controller, which fetches
 *       entries once it has seen the doorbell, finds them whole.
 *   <li>The phase tag is an acquire load: the rest of the completion, and the data of the command,
 *       which the controller wrote before, is read after it.
 *   <li>The completion queue's doorbell is a release store after the loads of the entries it gives
 *       back.
 * </ul>
 */
final class NvmeQueue {
  static final long NONE = -1;

  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

  private final int id;
  private final int entryCount;
  private final DmaMemory memory;
  private final long submissions;
  private final long completions;
  private final long submissionDoorbell;
  private final long completionDoorbell;

  private int tail;
  private int rungTail;
  private int head;
  private int rungHead;
  private int phase;

  /**
   * Places a queue in memory.
   *
   * @param memory zeroed; the queue's part begins with it, see {@link #sizeBytes}
   * @param id of both queues; 0 is the admin queue
   * @param entryCount 2 or more
   */
  NvmeQueue(DmaMemory memory, NvmeRegisters registers, int id, int entryCount) {
    this.memory = memory;
    this.id = id;
    this.entryCount = entryCount;
    submissions = memory.address();
    completions = submissions + padded((long) entryCount * ENTRY_BYTES);
    submissionDoorbell = registers.submissionDoorbell(id);
    completionDoorbell = registers.completionDoorbell(id);
    reset();
  }

  /** Returns what a queue takes: whole pages, as contiguous queues must start on one. */
  static long sizeBytes(int entryCount) {
    return padded((long) entryCount * ENTRY_BYTES) + padded((long) entryCount * COMPLETION_BYTES);
  }

  private static long padded(long bytes) {
    return (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
  }

  /** Makes it as if new, for a controller that has forgotten it. */
  void reset() {
    TransferMemory.zero(submissions, sizeBytes(entryCount));
    tail = 0;
    rungTail = 0;
    head = 0;
    rungHead = 0;
    phase = 1;
  }

  int id() {
    return id;
  }

  int entryCount() {
    return entryCount;
  }

  long submissionsIova() {
    return memory.iova(submissions);
  }

  long completionsIova() {
    return memory.iova(completions);
  }

  /** Returns the address of the entry that {@link #advance} hands on. */
  long entry() {
    return submissions + ((long) tail << ENTRY_SHIFT);
  }

  void advance() {
    tail = tail + 1 == entryCount ? 0 : tail + 1;
  }

  boolean isUnrung() {
    return tail != rungTail;
  }

  /** Hands the entries to the controller. */
  void ring() {
    rungTail = tail;
    INT.setRelease(NativeMemory.ALL, submissionDoorbell, tail); // see Concurrency
  }

  /** Returns the next completion's dword 3, 0 or above, or {@link #NONE}. */
  long completion() {
    long entry = completions + ((long) head << COMPLETION_SHIFT);
    int word = (int) INT.getAcquire(NativeMemory.ALL, entry + COMPLETION_STATUS);
    return (word >>> 16 & 1) == phase ? word & 0xffff_ffffL : NONE;
  }

  /** Returns dword 0 of the next completion, which is there. */
  int result() {
    return (int) TransferMemory.getLong(completions + ((long) head << COMPLETION_SHIFT));
  }

  void consume() {
    head++;
    if (head == entryCount) {
      head = 0;
      phase ^= 1;
    }
  }

  /** Gives the consumed entries back to the controller. */
  void acknowledge() {
    if (head != rungHead) {
      rungHead = head;
      INT.setRelease(NativeMemory.ALL, completionDoorbell, head); // see Concurrency
    }
  }
}
