// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.internal.TransferMemory;

/**
 * Tells a controller which pages a transfer is in (physical region pages, section 4.1.1): the first
 * in the entry, the second too where there are two, else the address of a list of all further ones.
 *
 * <p>Each slot has a list of {@link #ENTRIES_MAX} entries that crosses no page, so no list is
 * chained to another.
 *
 * <p><b>Concurrency.</b> The queue pair's thread only; the controller reads a list while its
 * command is in flight.
 */
final class PrpList {
  /** Pages of a list. */
  static final int ENTRIES_MAX = 256;

  static final int BYTES = ENTRIES_MAX * Long.BYTES;

  /** What one command can transfer wherever it begins in a page. */
  static final int TRANSFER_BYTES_MAX = ENTRIES_MAX * PAGE_BYTES;

  private final long lists;
  private final long listsIova;

  /**
   * Places the lists.
   *
   * @param lists absolute address, aligned to 4 KiB, of {@link #BYTES} for each slot
   * @param listsIova where the controller sees them
   */
  PrpList(long lists, long listsIova) {
    this.lists = lists;
    this.listsIova = listsIova;
  }

  /**
   * Describes a transfer in an entry.
   *
   * @param entry address of the submission queue entry
   * @param iova where the data is, a multiple of 4, contiguous
   * @param lengthBytes 1 to {@link #TRANSFER_BYTES_MAX}
   */
  void set(int slot, long entry, long iova, int lengthBytes) {
    TransferMemory.putLong(entry + ENTRY_PRP1, iova);
    long second = (iova | PAGE_BYTES - 1) + 1;
    long end = iova + lengthBytes;
    if (second >= end) {
      return;
    }
    if (second + PAGE_BYTES >= end) {
      TransferMemory.putLong(entry + ENTRY_PRP2, second);
      return;
    }
    long offset = (long) slot * BYTES;
    long list = lists + offset;
    for (long page = second; page < end; page += PAGE_BYTES) {
      TransferMemory.putLong(list, page);
      list += Long.BYTES;
    }
    TransferMemory.putLong(entry + ENTRY_PRP2, listsIova + offset);
  }
}
