// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.TransferMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The admin queue (section 5): one command at a time, waited for.
 *
 * <p><b>Ownership.</b> Owns its queue and one page for data.
 *
 * <p><b>Concurrency.</b> Guarded by its monitor; who waits holds it, for the time-out at most.
 */
final class NvmeAdmin implements AutoCloseable {
  static final int ENTRY_COUNT = 16;
  private static final long NAP_NANOS = 20_000;

  private final DmaMemory memory;
  private final NvmeRegisters registers;
  private final NvmeQueue queue;
  private final long data;
  private final Execution execution;
  private final long timeoutNanos;
  private int commandId;

  NvmeAdmin(NvmeBus bus, NvmeRegisters registers, Execution execution, long timeoutNanos)
      throws IOException {
    this.registers = registers;
    this.execution = execution;
    this.timeoutNanos = timeoutNanos;
    memory = bus.allocate(NvmeQueue.sizeBytes(ENTRY_COUNT) + IDENTIFY_BYTES);
    queue = new NvmeQueue(memory, registers, 0, ENTRY_COUNT);
    data = memory.address() + NvmeQueue.sizeBytes(ENTRY_COUNT);
  }

  /** Tells a disabled controller where the queue is. */
  synchronized void install() {
    queue.reset();
    registers.set(
        NvmeRegisters.ADMIN_QUEUE_SIZES, ENTRY_COUNT - 1 | ENTRY_COUNT - 1 << 16); // from 0
    registers.setLong(NvmeRegisters.ADMIN_SQ, queue.submissionsIova());
    registers.setLong(NvmeRegisters.ADMIN_CQ, queue.completionsIova());
  }

  /** Runs an identify command (section 5.17) and copies its data into memory of an arena. */
  synchronized MemorySegment identify(int structure, int namespaceId, Arena arena)
      throws NvmeException {
    return read(new Command(ADMIN_IDENTIFY, namespaceId, 0, structure, 0), IDENTIFY_BYTES, arena);
  }

  /** Reads the beginning of a log page (section 5.16) of the controller. */
  synchronized MemorySegment logPage(int page, int lengthBytes, Arena arena) throws NvmeException {
    int dwords = lengthBytes / 4 - 1;
    return read(
        new Command(ADMIN_GET_LOG_PAGE, -1, 0, page | dwords << 16, dwords >>> 16),
        lengthBytes,
        arena);
  }

  private MemorySegment read(Command command, int lengthBytes, Arena arena) throws NvmeException {
    TransferMemory.zero(data, IDENTIFY_BYTES);
    execute(
        new Command(
            command.opcode,
            command.namespaceId,
            memory.iova(data),
            command.dword10,
            command.dword11));
    MemorySegment copy = arena.allocate(lengthBytes, 8);
    TransferMemory.copy(data, copy, lengthBytes);
    return copy;
  }

  /**
   * An admin command.
   *
   * @param prp1 IOVA of its data or queue, or 0
   */
  record Command(int opcode, int namespaceId, long prp1, int dword10, int dword11) {}

  /**
   * Runs a command and waits for its end.
   *
   * @return dword 0 of the completion
   * @throws NvmeException when the controller refuses, or does not answer in time
   */
  synchronized int execute(Command command) throws NvmeException {
    int id = ++commandId & 0x7fff;
    long entry = queue.entry();
    TransferMemory.zero(entry, ENTRY_BYTES);
    TransferMemory.putLong(
        entry, command.opcode | (long) id << 16 | (long) command.namespaceId << 32);
    TransferMemory.putLong(entry + ENTRY_PRP1, command.prp1);
    TransferMemory.putLong(
        entry + ENTRY_DWORD10, command.dword10 & 0xffff_ffffL | (long) command.dword11 << 32);
    queue.advance();
    queue.ring();
    return await(command, id);
  }

  private int await(Command command, int id) throws NvmeException {
    long deadline = execution.nanoTime() + timeoutNanos;
    while (true) {
      long completion = queue.completion();
      if (completion == NvmeQueue.NONE) {
        if (registers.isGone()) {
          throw NvmeException.unresponsive("the device is gone");
        }
        if (execution.nanoTime() - deadline > 0) {
          throw NvmeException.unresponsive(
              "admin command %02xh has not ended in %,d ms"
                  .formatted(command.opcode, timeoutNanos / 1_000_000));
        }
        execution.parkNanos(this, NAP_NANOS);
        continue;
      }
      int result = queue.result();
      queue.consume();
      queue.acknowledge();
      if (NvmeStatus.commandId(completion) != id) {
        continue; // of a command that was given up
      }
      int status = NvmeStatus.of(completion);
      if (status != IoStatus.SUCCESS) {
        throw NvmeException.refused(command.opcode, command.namespaceId, command.dword10, status);
      }
      return result;
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
