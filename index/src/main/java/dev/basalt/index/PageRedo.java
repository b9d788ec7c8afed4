// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.internal.ChangeKind;
import dev.basalt.index.internal.ImpossibleChangeException;
import dev.basalt.index.internal.IndexMemory;
import dev.basalt.index.internal.PageDelta;
import dev.basalt.index.internal.PageImage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Reads a structure record and redoes it page by page, by the code that made the change.
 *
 * <p>Recovery, in LSN order: {@link #wrap}, then for each {@link #next} either a page ({@link
 * #pageId} not negative), which the caller faults in and latches exclusively for {@link #redo}; or
 * the start ({@link #isRunStart}) or end of a run.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class PageRedo {
  private final int pageBytes;
  private final MemorySegment scratch;
  private long entry;
  private long next;
  private long end;
  private long lsn;

  /**
   * Creates a reader.
   *
   * @param pageBytes the page size
   */
  public PageRedo(int pageBytes) {
    this.pageBytes = pageBytes;
    scratch = Arena.ofAuto().allocate(pageBytes + IndexMemory.SLACK_BYTES, 8);
  }

  /**
   * Starts with a record, whose checksum the caller has verified.
   *
   * @param address absolute address of the body
   * @param lengthBytes its length
   * @param lsn the record's LSN
   */
  public void wrap(long address, int lengthBytes, long lsn) {
    next = address + StructureChange.HEADER_BYTES;
    end = address + lengthBytes;
    entry = 0;
    this.lsn = lsn;
  }

  /**
   * Goes to the next entry.
   *
   * @return false when there is none
   * @throws DamagedRecordException when it reaches over the record's end, or is of a length that
   *     its kind never has
   */
  public boolean next() throws DamagedRecordException {
    if (end - next < StructureChange.ENTRY_HEADER_BYTES) {
      return false;
    }
    entry = next;
    int length = payloadBytes();
    if (length < 0 || length > end - entry - StructureChange.ENTRY_HEADER_BYTES) {
      throw damaged(length + " bytes, more than are left of the record");
    }
    if (isRunStart() ? length % PageDelta.EXTENT_BYTES != 0 : isMarker() && length < Long.BYTES) {
      throw damaged(length + " bytes");
    }
    next = entry + StructureChange.ENTRY_HEADER_BYTES + StructureChange.padded(length);
    return true;
  }

  /**
   * Returns the page of the entry.
   *
   * @return its id, or -1 for the start or end of a run
   */
  public long pageId() {
    return IndexMemory.getLong(entry);
  }

  /**
   * Tells whether the entry holds the whole page, so that an unreadable one is made good.
   *
   * @return false for deltas, and starts and ends of runs
   */
  public boolean isImage() {
    return ChangeKind.isImage(kind());
  }

  /**
   * Redoes the entry on its page where the page has not seen it: an image when the page cannot be
   * read or its LSN is older; a delta when it can and its structure LSN is exactly the one the
   * delta was made on.
   *
   * @param page absolute address of the page, latched exclusively by the caller
   * @param isReadable false when the page was damaged or never written; its content is ignored then
   * @return whether the page was changed, and is dirty
   * @throws DamagedRecordException when that cannot be; the page may be changed in part
   */
  public boolean redo(long page, boolean isReadable) throws DamagedRecordException {
    long payload = entry + StructureChange.ENTRY_HEADER_BYTES;
    if (isImage()) {
      return (!isReadable || PageHeader.lsn(page) < lsn) && restore(page, payload);
    }
    if (!ChangeKind.isDelta(kind())) {
      throw damaged("no such kind");
    }
    long base = IndexMemory.getLong(entry + 16);
    if (!isReadable || PageHeader.structureLsn(page) != base) {
      return false;
    }
    applyDelta(page, payload);
    PageHeader.lsn(page, Math.max(PageHeader.lsn(page), lsn));
    PageHeader.structureLsn(page, lsn);
    return true;
  }

  /**
   * Reports the entry as damaged.
   *
   * @param found what was found
   * @return to be thrown
   */
  public DamagedRecordException damaged(String found) {
    return damaged(found, null);
  }

  private boolean restore(long page, long payload) throws DamagedRecordException {
    if (!PageImage.restore(payload, payloadBytes(), page, pageBytes)
        || PageHeader.pageId(page) != pageId()) {
      throw damaged("no image of that page");
    }
    return true;
  }

  private void applyDelta(long page, long payload) throws DamagedRecordException {
    String fault = PageDelta.fault(page, pageBytes, kind(), payload, payloadBytes());
    if (fault != null) {
      throw damaged(fault);
    }
    try {
      PageDelta.apply(page, pageBytes, kind(), payload, payloadBytes(), scratch.address());
    } catch (ImpossibleChangeException e) {
      throw damaged(String.valueOf(e.getMessage()), e);
    }
  }

  private DamagedRecordException damaged(String found, @Nullable Throwable cause) {
    return new DamagedRecordException(lsn, pageId(), kind(), found, cause);
  }

  /**
   * Tells whether the entry starts a run.
   *
   * @return true when {@link #run} says which
   */
  public boolean isRunStart() {
    return kind() == ChangeKind.RUN_START;
  }

  /**
   * Tells whether the entry publishes or frees a run.
   *
   * @return true when {@link #endedRun} says which
   */
  public boolean isRunEnd() {
    return kind() == ChangeKind.RUN_END;
  }

  /**
   * Returns the run that the record starts.
   *
   * @return the run
   */
  public PageRun run() {
    int count = payloadBytes() / PageDelta.EXTENT_BYTES;
    long[] firsts = new long[count];
    int[] counts = new int[count];
    for (int i = 0; i < count; i++) {
      long extent = entry + StructureChange.ENTRY_HEADER_BYTES + (long) i * PageDelta.EXTENT_BYTES;
      firsts[i] = IndexMemory.getLong(extent);
      counts[i] = IndexMemory.getInt(extent + 8);
    }
    return new PageRun(lsn, firsts, counts);
  }

  /**
   * Returns the run that the record publishes or frees.
   *
   * @return LSN of the record that started it
   */
  public long endedRun() {
    return IndexMemory.getLong(entry + StructureChange.ENTRY_HEADER_BYTES);
  }

  /**
   * Tells whether the record gave an empty tree its content: commits of that tree before the record
   * are void.
   *
   * @return true when {@link #loadOwner} says whose tree
   */
  public boolean isLoad() {
    return kind() == ChangeKind.LOAD;
  }

  /**
   * Returns the owner of the tree that was loaded.
   *
   * @return what was passed to {@link TreeLoader#tryPublish}
   */
  public long loadOwner() {
    return IndexMemory.getLong(entry + StructureChange.ENTRY_HEADER_BYTES);
  }

  private boolean isMarker() {
    return isRunEnd() || isLoad();
  }

  private int kind() {
    return IndexMemory.getInt(entry + 8);
  }

  private int payloadBytes() {
    return IndexMemory.getInt(entry + 12);
  }
}
