// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The end of the log in memory: a ring in which LSN n is at {@code n mod size}.
 *
 * <p>It holds everything from the block of the durable LSN on. The memory is garbage collected:
 * appenders and the log writer hold this object, the latter until its queue pair is closed and no
 * device uses the memory any more.
 *
 * <p><b>Concurrency.</b> Bytes are put by the holder of the append latch only, behind {@code
 * appendedLsn}, and published by its release store; the log writer's load of it pairs with that,
 * and the writer reads only bytes before it, which never change until they are durable.
 */
public final class LogBuffer {
  private static final VarHandle APPENDED;

  static {
    try {
      APPENDED = MethodHandles.lookup().findVarHandle(LogBuffer.class, "appendedLsn", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final MemorySegment memory;
  private final long base;
  private final int sizeBytes;

  @SuppressWarnings("FieldMayBeFinal") // written through APPENDED
  private volatile long appendedLsn;

  /**
   * Creates a buffer.
   *
   * @param sizeBytes a power of two, a multiple of the block size
   * @param endLsn where the log ends
   */
  public LogBuffer(int sizeBytes, long endLsn) {
    assert Integer.bitCount(sizeBytes) == 1 : sizeBytes;
    this.sizeBytes = sizeBytes;
    memory = Arena.ofAuto().allocate(sizeBytes, LogRegion.ALIGNMENT_BYTES);
    base = memory.address();
    appendedLsn = endLsn;
  }

  /**
   * Returns how much of the log fits.
   *
   * @return bytes, a power of two
   */
  public int sizeBytes() {
    return sizeBytes;
  }

  /**
   * Returns the end of the log. Any thread.
   *
   * @return an LSN, a record boundary
   */
  public long appendedLsn() {
    return appendedLsn;
  }

  /**
   * Returns where an LSN is in memory.
   *
   * @param lsn the LSN
   * @return absolute address
   */
  public long address(long lsn) {
    return base + (lsn & sizeBytes - 1);
  }

  /** Bytes from an LSN to where the memory wraps. */
  long bytesToWrap(long lsn) {
    return sizeBytes - (lsn & sizeBytes - 1);
  }

  /**
   * Publishes what was put. Under the latch.
   *
   * @param endLsn up to where, a record boundary
   */
  public void publish(long endLsn) {
    // The bytes must be seen before the new end; pairs with the log writer's load. Weaker than a
    // volatile
    // store, because the latch's release follows.
    APPENDED.setRelease(this, endLsn);
  }

  /**
   * Puts bytes behind the end. Under the latch.
   *
   * @param lsn where in the log
   * @param from absolute address of the bytes
   * @param bytes how many
   */
  public void put(long lsn, long from, long bytes) {
    long first = Math.min(bytes, bytesToWrap(lsn));
    WalMemory.copy(from, address(lsn), first);
    if (first < bytes) {
      WalMemory.copy(from + first, base, bytes - first);
    }
  }
}
