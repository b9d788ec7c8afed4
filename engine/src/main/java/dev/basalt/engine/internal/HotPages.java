// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.bufferpool.PoolWarmUp;
import dev.basalt.engine.internal.wal.StoreLayout;
import dev.basalt.index.PageSpace;
import dev.basalt.iostack.IoStack;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The list of the pages in memory: saved at checkpoints and when the store is closed, and asked for
 * when it is opened again, so that the pool need not warm up by misses.
 *
 * <p>It is in the room between the superblocks and the log, as blocks that are each whole or
 * ignored ({@link HotPageBlock}); nothing depends on it. It is a hint: pages that are not there any
 * more are passed over, a list torn by a crash is as good as its whole blocks, and an error of the
 * device ends the use of it and no more. Pages that were used last come first; what does not fit is
 * left out.
 *
 * <p>A life of the store saves no list before it has done with the one that it found.
 *
 * <p><b>Concurrency.</b> Used by the checkpointer's thread, and by the one that closes the store
 * when that has ended. {@link #isWarming} and the counters may be read by any thread.
 */
final class HotPages {
  private static final System.Logger LOGGER = System.getLogger(HotPages.class.getName());
  private static final int COUNT_MAX = 1 << 23;

  private enum Phase {
    UNREAD,
    ASKING,
    DONE,
    OFF
  }

  private final IoStack io;
  private final PoolWarmUp warmUp;
  private final PageSpace pages;
  private final int storeTag;
  private final int blockBytes;
  private final int blockCountMax;
  private volatile Phase phase;

  /** The list that was found, the next block of it, and the ids of the one before. */
  private ByteBuffer list = ByteBuffer.allocate(0);

  private int nextBlock;
  private long[] ids = {};
  private int nextId;
  private int idLimit;

  private volatile long savedCount;
  private volatile long askedCount;
  private volatile long ignoredBlocks;

  HotPages(StoreParts parts, PageSpace pages, boolean isOn) {
    io = parts.io();
    warmUp = parts.pool().warmUp();
    this.pages = pages;
    StoreLayout layout = parts.layout();
    storeTag = layout.storeTag();
    blockBytes = io.device().capabilities().blockBytes();
    blockCountMax =
        (int) ((layout.logOffsetBytes() - StoreLayout.HOT_PAGES_OFFSET_BYTES) / HotPageBlock.BYTES);
    phase =
        isOn && blockCountMax > 0 && blockBytes <= HotPageBlock.BYTES ? Phase.UNREAD : Phase.OFF;
  }

  /** Returns how many pages the list had that was saved last. */
  long savedCount() {
    return savedCount;
  }

  /** Returns how many pages of the list that was found were asked for. */
  long askedCount() {
    return askedCount;
  }

  /** Returns how many blocks of the list that was found were damaged. */
  long ignoredBlocks() {
    return ignoredBlocks;
  }

  /** Tells whether {@link #warm} is to be called again, soon or later. */
  boolean isWarming() {
    return phase == Phase.UNREAD || phase == Phase.ASKING;
  }

  /**
   * Reads the list, or asks for some more of its pages; never waits for these.
   *
   * @return how much was done, 0 when the pool has enough to read
   */
  int warm() {
    try {
      switch (phase) {
        case UNREAD -> load();
        case ASKING -> {
          return ask();
        }
        case DONE, OFF -> {
          return 0;
        }
      }
      return 1;
    } catch (IOException e) {
      LOGGER.log(Level.WARNING, "the pool is not warmed up", e);
      finish();
      return 1;
    }
  }

  private void load() throws IOException {
    ByteBuffer first = read(1);
    HotPageBlock block = new HotPageBlock(first);
    if (block.isBlank()) {
      finish();
    } else if (block.isWhole(storeTag)) {
      list = read(block.blockCount(blockCountMax));
      ids = new long[HotPageBlock.COUNT_MAX];
      phase = Phase.ASKING;
    } else {
      ignoredBlocks = 1;
      LOGGER.log(Level.WARNING, "the list of hot pages is ignored: its first block is damaged");
      finish();
    }
  }

  private ByteBuffer read(int blockCount) throws IOException {
    int length = blockCount * HotPageBlock.BYTES;
    MemorySegment memory = Arena.ofAuto().allocate(length, HotPageBlock.BYTES);
    io.read(StoreLayout.HOT_PAGES_OFFSET_BYTES / blockBytes, length / blockBytes, memory.address());
    return memory.asByteBuffer();
  }

  private int ask() throws IOException {
    if (nextId == idLimit && !nextBlock() || !warmUp.hasSpareFrames()) {
      finish();
      return 1;
    }
    int before = nextId;
    nextId = warmUp.request(ids, nextId, idLimit);
    long sum = askedCount + nextId - before; // written by this thread only
    askedCount = sum;
    return nextId - before;
  }

  /** Reads the ids of the next block that is whole; false when there is none. */
  private boolean nextBlock() throws IOException {
    int damaged = 0;
    nextId = 0;
    idLimit = 0;
    while (idLimit == 0 && nextBlock < list.capacity() / HotPageBlock.BYTES) {
      int at = nextBlock++ * HotPageBlock.BYTES;
      HotPageBlock block = new HotPageBlock(list.slice(at, HotPageBlock.BYTES));
      if (block.isWhole(storeTag)) {
        idLimit = keepAllocated(block.read(ids));
      } else {
        damaged++;
      }
    }
    if (damaged > 0) {
      long sum = ignoredBlocks + damaged; // written by this thread only
      ignoredBlocks = sum;
      LOGGER.log(Level.WARNING, "{0} blocks of the list of hot pages are damaged", damaged);
    }
    return idLimit > 0;
  }

  /** Keeps the ids of pages that are in use still; returns how many. */
  private int keepAllocated(int count) throws IOException {
    int kept = 0;
    for (int i = 0; i < count; i++) {
      long id = ids[i];
      if (id >= 0 && id < pages.pageLimit() && pages.isAllocated(id)) {
        ids[kept++] = id;
      }
    }
    return kept;
  }

  private void finish() {
    phase = Phase.DONE;
    list = ByteBuffer.allocate(0);
    ids = new long[0];
    nextId = 0;
    idLimit = 0;
  }

  /** Saves the list; the caller flushes the device, or does without. */
  void save() {
    if (phase != Phase.DONE) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory =
          arena.allocate((long) blockCountMax * HotPageBlock.BYTES, HotPageBlock.BYTES);
      int blocks = encode(memory.asByteBuffer());
      int length = blocks * HotPageBlock.BYTES;
      io.write(
          StoreLayout.HOT_PAGES_OFFSET_BYTES / blockBytes, length / blockBytes, memory.address());
    } catch (IOException e) {
      LOGGER.log(Level.WARNING, "the list of hot pages is not saved any more", e);
      phase = Phase.OFF;
    }
  }

  /** Encodes the pages used last, then the others; returns how many blocks that takes. */
  private int encode(ByteBuffer memory) {
    long count = 0;
    int blocks = 0;
    for (boolean isMarked : new boolean[] {false, true}) {
      long[] resident = warmUp.residentPageIds(isMarked, COUNT_MAX);
      Arrays.sort(resident);
      int from = 0;
      while (blocks < blockCountMax && (from < resident.length || blocks == 0)) {
        HotPageBlock block = block(memory, blocks++);
        from = block.fill(resident, from, resident.length);
      }
      count += from;
    }
    for (int i = 0; i < blocks; i++) {
      block(memory, i).seal(blocks, storeTag);
    }
    savedCount = count;
    return blocks;
  }

  private static HotPageBlock block(ByteBuffer memory, int index) {
    return new HotPageBlock(memory.slice(index * HotPageBlock.BYTES, HotPageBlock.BYTES));
  }
}
