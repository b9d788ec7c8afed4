// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static dev.basalt.engine.internal.wal.SuperblockDescriptor.*;

import dev.basalt.iostack.IoStack;
import java.io.IOException;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The two superblocks of a device. Each write goes to the copy that is not the newest, so one is
 * whole at any time.
 *
 * <p>When one copy is damaged, the other may be the older one. Opening with it is safe as long as
 * the log still holds everything from its redo LSN on: pages newer than that are no harm, since
 * redo skips what a page has seen. The log's space is reused only after a newer superblock was
 * durable, so the records may be gone; {@link LogReader#findEnd} must therefore look for later
 * records in the whole ring and refuse when it finds any ({@link Outcome.Found#fellBack}). The next
 * epoch skips one, because the damaged copy may have begun it.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time: whoever opens the store, then the
 * checkpointer, then whoever closes it.
 */
public final class SuperblockArea implements AutoCloseable {
  /** What a device holds. */
  public sealed interface Outcome {
    /**
     * A store.
     *
     * @param superblock the newest whole superblock
     * @param damagedCopy what is wrong with the other copy, or null when nothing is
     */
    record Found(Superblock superblock, @Nullable String damagedCopy) implements Outcome {
      /**
       * Tells whether a newer superblock may have been lost.
       *
       * @return true when the other copy is damaged
       */
      public boolean fellBack() {
        return damagedCopy != null;
      }

      /**
       * Returns the epoch of the next life of the store.
       *
       * @return larger than any epoch used before
       */
      public int epochNext() {
        return Math.addExact(superblock.checkpoint().epoch(), fellBack() ? 2 : 1);
      }
    }

    /** Nothing: both copies are zeroes, or the device is too small to have any. */
    record Blank() implements Outcome {}

    /**
     * Something that is no store of Basalt.
     *
     * @param reason what was found
     */
    record Foreign(String reason) implements Outcome {}

    /**
     * A store of a format that is newer than this program.
     *
     * @param version the store's format version
     */
    record Newer(int version) implements Outcome {}

    /**
     * A store none of whose superblocks is whole.
     *
     * @param reason what was found
     */
    record Damaged(String reason) implements Outcome {}
  }

  private final IoStack io;
  private final int blockBytes;
  private final Arena arena = Arena.ofShared();
  private final long buffer;
  private long sequence;

  /**
   * Creates the access to a device's superblocks; reads nothing.
   *
   * @param io the device
   */
  public SuperblockArea(IoStack io) {
    this.io = io;
    blockBytes = io.device().capabilities().blockBytes();
    buffer = arena.allocate(LogRegion.ALIGNMENT_BYTES, LogRegion.ALIGNMENT_BYTES).address();
  }

  /**
   * Reads both copies.
   *
   * @return what there is; {@link #write} continues from it
   * @throws IOException when the device reports an error
   */
  public Outcome read() throws IOException {
    if (io.device().blockCount() * blockBytes < COPY_COUNT * STRIDE_BYTES) {
      return io.device().blockCount() == 0
          ? new Outcome.Blank()
          : new Outcome.Foreign("it is only " + io.device().blockCount() * blockBytes + " bytes");
    }
    Superblock.Copy first = read(0);
    Superblock.Copy second = read(1);
    Outcome outcome = choose(first, second);
    if (outcome instanceof Outcome.Found found) {
      sequence = found.superblock().sequence();
    }
    return outcome instanceof Outcome.Blank ? blankOrForeign() : outcome;
  }

  /**
   * Writes both copies of a new store; what was there before is gone.
   *
   * @param layout what the store is
   * @param checkpoint where its log begins
   * @return the superblock that is in force
   * @throws IOException when the device reports an error
   */
  public Superblock format(StoreLayout layout, CheckpointState checkpoint) throws IOException {
    sequence = 0;
    write(layout, checkpoint);
    return write(layout, checkpoint);
  }

  /**
   * Writes the next superblock and flushes the device.
   *
   * @param layout what the store is
   * @param checkpoint where recovery begins
   * @return the superblock that is in force now
   * @throws IOException when the device reports an error; which superblock is in force is not known
   *     then, so the store must not be changed any more
   */
  public Superblock write(StoreLayout layout, CheckpointState checkpoint) throws IOException {
    assert checkpoint.isPlausible(layout.logBytes()) : checkpoint;
    Superblock superblock = new Superblock(sequence + 1, layout, checkpoint);
    WalMemory.zero(buffer, transferBytes());
    superblock.encode(buffer);
    io.write(lba(superblock.sequence() % COPY_COUNT), transferBytes() / blockBytes, buffer);
    io.flush();
    sequence = superblock.sequence();
    return superblock;
  }

  /** Frees the buffer. */
  @Override
  public void close() {
    arena.close();
  }

  /**
   * Looks at all that a format would overwrite first: file systems leave their first sector free.
   */
  private Outcome blankOrForeign() throws IOException {
    int step = LogRegion.ALIGNMENT_BYTES;
    for (long offset = 0; offset < COPY_COUNT * STRIDE_BYTES; offset += step) {
      io.read(offset / blockBytes, step / blockBytes, buffer);
      if (!WalMemory.isZero(buffer, step)) {
        return new Outcome.Foreign("there is data at byte " + offset);
      }
    }
    return new Outcome.Blank();
  }

  private Superblock.Copy read(int copyIndex) throws IOException {
    io.read(lba(copyIndex), transferBytes() / blockBytes, buffer);
    return Superblock.decode(buffer, copyIndex);
  }

  private long lba(long copyIndex) {
    return copyIndex * STRIDE_BYTES / blockBytes;
  }

  private int transferBytes() {
    return Math.max(LENGTH_BYTES, blockBytes);
  }

  static Outcome choose(Superblock.Copy first, Superblock.Copy second) {
    if (first instanceof Superblock.Copy.Newer(int version)) {
      return new Outcome.Newer(version);
    }
    if (second instanceof Superblock.Copy.Newer(int version)) {
      return new Outcome.Newer(version);
    }
    if (first instanceof Superblock.Copy.Valid(Superblock a)) {
      return second instanceof Superblock.Copy.Valid(Superblock b)
          ? newest(a, b)
          : new Outcome.Found(a, "superblock 1: " + describe(second));
    }
    if (second instanceof Superblock.Copy.Valid(Superblock b)) {
      return new Outcome.Found(b, "superblock 0: " + describe(first));
    }
    return chooseNone(first, second);
  }

  private static Outcome newest(Superblock a, Superblock b) {
    if (!a.layout().storeId().equals(b.layout().storeId())) {
      return new Outcome.Damaged("the two superblocks belong to different stores");
    }
    if (Math.abs(a.sequence() - b.sequence()) != 1) {
      return new Outcome.Damaged(
          "the superblocks' sequences are " + a.sequence() + " and " + b.sequence());
    }
    return new Outcome.Found(a.sequence() > b.sequence() ? a : b, null);
  }

  private static Outcome chooseNone(Superblock.Copy first, Superblock.Copy second) {
    if (first instanceof Superblock.Copy.Blank && second instanceof Superblock.Copy.Blank) {
      return new Outcome.Blank();
    }
    String reason = "superblock 0: " + describe(first) + "; superblock 1: " + describe(second);
    boolean isBasalts =
        first instanceof Superblock.Copy.Damaged || second instanceof Superblock.Copy.Damaged;
    return isBasalts ? new Outcome.Damaged(reason) : new Outcome.Foreign(reason);
  }

  private static String describe(Superblock.Copy copy) {
    return switch (copy) {
      case Superblock.Copy.Valid _ -> "whole";
      case Superblock.Copy.Blank _ -> "blank";
      case Superblock.Copy.Foreign(String found) -> "foreign, " + found;
      case Superblock.Copy.Newer(int version) -> "format version " + version;
      case Superblock.Copy.Damaged(String found) -> "damaged, " + found;
    };
  }
}
