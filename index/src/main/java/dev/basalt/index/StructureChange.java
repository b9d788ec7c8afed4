// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.ChangeKind;
import dev.basalt.index.internal.IndexMemory;
import dev.basalt.index.internal.PageImage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The body of one structure record, collected by the index and written into the log's memory.
 *
 * <pre>
 * 0            4          8
 * +------------+----------+--------------------------
 * | entries    | 0        | the entries, each 8-byte aligned:
 * +------------+----------+--------------------------
 *
 * 0         8        12              16                    24
 * +---------+--------+---------------+---------------------+-------------------+
 * | page id | kind   | payload bytes | base structure LSN  | payload, padded   |
 * +---------+--------+---------------+---------------------+-------------------+
 * </pre>
 *
 * <p>An image takes its page's content when the record is encoded; the record's LSN is in the copy.
 * A delta names the structure LSN its page had before, and is redone on exactly that.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time; reusable after {@link #clear}. Its memory is
 * freed with the object.
 */
public final class StructureChange {
  static final int HEADER_BYTES = 8;
  static final int ENTRY_HEADER_BYTES = 24;

  private final int pageBytes;
  private int[] kinds = new int[16];
  private long[] pageIds = new long[16];
  private long[] arguments = new long[16]; // image: page address; delta: base structure LSN
  private int[] payloadOffsets = new int[16];
  private int[] payloadLengths = new int[16];
  private int count;
  private MemorySegment payload = Arena.ofAuto().allocate(4096, 8);
  private int payloadBytes;
  private boolean startsRun;

  /**
   * Creates an empty change.
   *
   * @param pageBytes the page size
   */
  public StructureChange(int pageBytes) {
    this.pageBytes = pageBytes;
  }

  /** Forgets all entries. */
  public void clear() {
    count = 0;
    payloadBytes = 0;
    startsRun = false;
  }

  /**
   * Returns how long the record's body is.
   *
   * @return bytes, a multiple of 8
   */
  public int lengthBytes() {
    int sum = HEADER_BYTES;
    for (int i = 0; i < count; i++) {
      sum += ENTRY_HEADER_BYTES + padded(entryPayloadBytes(i));
    }
    return sum;
  }

  /**
   * Writes the record's body.
   *
   * @param address where to, {@link #lengthBytes} long
   * @param lsn the record's LSN
   */
  public void encode(long address, long lsn) {
    IndexMemory.putInt(address, count);
    IndexMemory.putInt(address + 4, 0);
    long entry = address + HEADER_BYTES;
    for (int i = 0; i < count; i++) {
      entry = encodeEntry(i, entry, lsn);
    }
  }

  /**
   * Tells whether the record allocates a run that nothing refers to yet.
   *
   * @return true when the record is in flight until the run has ended
   */
  public boolean startsRun() {
    return startsRun;
  }

  /**
   * Returns how many runs this record publishes or frees.
   *
   * @return the count
   */
  public int endedRunCount() {
    int ended = 0;
    for (int i = 0; i < count; i++) {
      ended += kinds[i] == ChangeKind.RUN_END ? 1 : 0;
    }
    return ended;
  }

  /**
   * Returns a run that this record publishes or frees.
   *
   * @param index 0 to {@link #endedRunCount} - 1
   * @return LSN of the record that started it
   */
  public long endedRun(int index) {
    int ended = -1;
    for (int i = 0; i < count; i++) {
      ended += kinds[i] == ChangeKind.RUN_END ? 1 : 0;
      if (ended == index) {
        return IndexMemory.getLong(payload.address() + payloadOffsets[i]);
      }
    }
    throw new IndexOutOfBoundsException(index);
  }

  /**
   * Adds a page whole. For the index only.
   *
   * @param kind {@code IMAGE} or {@code BASE_IMAGE}
   * @param pageId the page
   * @param pageAddress where it is; its content is taken when the record is encoded
   */
  public void addImage(int kind, long pageId, long pageAddress) {
    addEntry(kind, pageId, pageAddress, 0);
  }

  /**
   * Adds an entry with a payload. For the index only.
   *
   * @param kind what it says
   * @param pageId the page; -1 for none
   * @param baseStructureLsn the page's structure LSN before
   * @param lengthBytes length of the payload
   * @return absolute address of the payload, to be filled before the next call
   */
  public long addPayload(int kind, long pageId, long baseStructureLsn, int lengthBytes) {
    startsRun |= kind == ChangeKind.RUN_START;
    addEntry(kind, pageId, baseStructureLsn, lengthBytes);
    return payloadAddress(count - 1);
  }

  private long payloadAddress(int entry) {
    return payload.address() + payloadOffsets[entry];
  }

  private void addEntry(int kind, long pageId, long argument, int lengthBytes) {
    if (count == kinds.length) {
      growEntries();
    }
    int offset = payloadBytes;
    payloadBytes = offset + padded(lengthBytes);
    if (payloadBytes + IndexMemory.SLACK_BYTES > payload.byteSize()) {
      MemorySegment larger = Arena.ofAuto().allocate(2L * payloadBytes + 4096, 8);
      MemorySegment.copy(payload, 0, larger, 0, offset);
      payload = larger;
    }
    kinds[count] = kind;
    pageIds[count] = pageId;
    arguments[count] = argument;
    payloadOffsets[count] = offset;
    payloadLengths[count++] = lengthBytes;
  }

  private void growEntries() {
    int capacity = 2 * count;
    kinds = Arrays.copyOf(kinds, capacity);
    pageIds = Arrays.copyOf(pageIds, capacity);
    arguments = Arrays.copyOf(arguments, capacity);
    payloadOffsets = Arrays.copyOf(payloadOffsets, capacity);
    payloadLengths = Arrays.copyOf(payloadLengths, capacity);
  }

  private int entryPayloadBytes(int i) {
    return ChangeKind.isImage(kinds[i])
        ? PageImage.lengthBytes(arguments[i], pageBytes)
        : payloadLengths[i];
  }

  private long encodeEntry(int i, long entry, long lsn) {
    boolean isImage = ChangeKind.isImage(kinds[i]);
    int length = entryPayloadBytes(i);
    long to = entry + ENTRY_HEADER_BYTES;
    IndexMemory.putLong(entry, pageIds[i]);
    IndexMemory.putInt(entry + 8, kinds[i]);
    IndexMemory.putInt(entry + 12, length);
    IndexMemory.putLong(entry + 16, isImage ? 0 : arguments[i]);
    if (padded(length) > length) {
      IndexMemory.putLong(to + padded(length) - 8, 0);
    }
    if (isImage) {
      PageImage.write(arguments[i], pageBytes, to, lsn, kinds[i] == ChangeKind.IMAGE);
    } else {
      IndexMemory.copy(payloadAddress(i), to, length);
    }
    return to + padded(length);
  }

  static int padded(int lengthBytes) {
    return lengthBytes + 7 & -8;
  }
}
