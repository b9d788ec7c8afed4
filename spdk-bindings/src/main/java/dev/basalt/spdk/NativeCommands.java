// SPDX-License-Identifier: Apache-2.0
package dev.basalt.spdk;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.basalt.linux.NativeMemory;
import dev.basalt.spdk.generated.BasaltDriver;
import dev.basalt.spdk.generated.basalt_command;
import dev.basalt.spdk.generated.basalt_completion;
import dev.basalt.spdk.generated.basalt_piece;

/**
 * Commands, completions and scatter lists in memory that a driver in C reads and writes, by
 * absolute address. The one place of this module that touches memory so; callers keep within their
 * arrays.
 */
public final class NativeCommands {
  /** Bytes of a command. */
  public static final int COMMAND_BYTES = (int) basalt_command.sizeof();

  /** Bytes of a completion. */
  public static final int COMPLETION_BYTES = (int) basalt_completion.sizeof();

  /** Bytes of a piece of a scatter list. */
  public static final int PIECE_BYTES = (int) basalt_piece.sizeof();

  /** Makes durable what has completed. */
  public static final int FLUSH = BasaltDriver.BASALT_FLUSH();

  /** Memory to blocks. */
  public static final int WRITE = BasaltDriver.BASALT_WRITE();

  /** Blocks to memory. */
  public static final int READ = BasaltDriver.BASALT_READ();

  /** Zeroes to blocks. */
  public static final int WRITE_ZEROES = BasaltDriver.BASALT_WRITE_ZEROES();

  /** Gives up the content of blocks. */
  public static final int DEALLOCATE = BasaltDriver.BASALT_DEALLOCATE();

  private static final long TAG = basalt_command.tag$offset();
  private static final long LBA = basalt_command.lba$offset();
  private static final long BLOCK_COUNT = basalt_command.block_count$offset();
  private static final long ADDRESS = basalt_command.address$offset();
  private static final long PIECE_COUNT = basalt_command.piece_count$offset();
  private static final int OPCODE_SHIFT =
      (int) (basalt_command.opcode$offset() - PIECE_COUNT) * Byte.SIZE;
  private static final long COMPLETION_TAG = basalt_completion.tag$offset();
  private static final long STATUS = basalt_completion.status$offset();
  private static final long PIECE_ADDRESS = basalt_piece.address$offset();
  private static final long PIECE_LENGTH = basalt_piece.length_bytes$offset();

  private NativeCommands() {}

  /**
   * Writes a command whose data is in one piece, or has none. Reserved fields must be 0 before.
   *
   * @param command absolute address
   * @param opcode such as {@link #READ}
   * @param lba the first block
   * @param blockCount how many
   * @param address of the data, or 0
   * @param tag handed back with the completion
   */
  public static void set(
      long command, int opcode, long lba, long blockCount, long address, long tag) {
    set(command, opcode, lba, blockCount, address, 0, tag);
  }

  /**
   * Writes a command whose data is in several pieces. Reserved fields must be 0 before.
   *
   * @param command absolute address
   * @param opcode such as {@link #READ}
   * @param lba the first block
   * @param blockCount how many
   * @param pieces absolute address of the scatter list
   * @param pieceCount how many pieces
   * @param tag handed back with the completion
   */
  public static void set(
      long command, int opcode, long lba, long blockCount, long pieces, int pieceCount, long tag) {
    NativeMemory.ALL.set(JAVA_LONG, command + TAG, tag);
    NativeMemory.ALL.set(JAVA_LONG, command + LBA, lba);
    NativeMemory.ALL.set(JAVA_LONG, command + BLOCK_COUNT, blockCount);
    NativeMemory.ALL.set(JAVA_LONG, command + ADDRESS, pieces);
    // Count, opcode, flags and a reserved field are 8 bytes together.
    NativeMemory.ALL.set(
        JAVA_LONG, command + PIECE_COUNT, pieceCount | (long) opcode << OPCODE_SHIFT);
  }

  /**
   * Writes a piece of a scatter list.
   *
   * @param piece absolute address
   * @param address of the piece's memory
   * @param lengthBytes its length
   */
  public static void setPiece(long piece, long address, int lengthBytes) {
    NativeMemory.ALL.set(JAVA_LONG, piece + PIECE_ADDRESS, address);
    NativeMemory.ALL.set(JAVA_LONG, piece + PIECE_LENGTH, lengthBytes & 0xffff_ffffL);
  }

  /**
   * Moves commands to the front of their array.
   *
   * @param commands absolute address of the array
   * @param first index of the first one to keep
   * @param count how many to keep
   */
  public static void keep(long commands, int first, int count) {
    java.lang.foreign.MemorySegment.copy(
        NativeMemory.ALL,
        commands + (long) first * COMMAND_BYTES,
        NativeMemory.ALL,
        commands,
        (long) count * COMMAND_BYTES);
  }

  /**
   * Reads the tag of a completion.
   *
   * @param completion absolute address
   * @return what the command had
   */
  public static long tag(long completion) {
    return NativeMemory.ALL.get(JAVA_LONG, completion + COMPLETION_TAG);
  }

  /**
   * Reads the status of a completion.
   *
   * @param completion absolute address
   * @return in the form of the interface, which is that of Basalt's statuses
   */
  public static int status(long completion) {
    return NativeMemory.ALL.get(JAVA_INT, completion + STATUS);
  }
}
