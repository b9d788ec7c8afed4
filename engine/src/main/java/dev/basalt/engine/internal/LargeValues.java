// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.index.BTree;
import dev.basalt.index.OverflowReader;
import dev.basalt.index.OverflowWriter;
import dev.basalt.index.PageRun;
import dev.basalt.index.SearchKey;
import dev.basalt.index.ValueBuffer;
import dev.basalt.iostack.IoStack;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Values that do not fit into a leaf: written to pages of their own, and flushed, before the commit
 * record that publishes them is appended.
 *
 * <p>A reader may find that the value it has the reference of was replaced meanwhile; it gets the
 * key again then.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, each with its own operation.
 */
final class LargeValues {
  /** What an entry takes in a record beside its key and value, at most. */
  private static final int ENTRY_OVERHEAD_BYTES = 96;

  /** What a page of a large value holds beside it, at most. */
  private static final int PAGE_OVERHEAD_BYTES = 128;

  private final UnfreedRuns unfreed;
  private final StoreFailure failure;
  private final IoStack io;
  private final int pageBytes;

  LargeValues(StoreParts parts, UnfreedRuns unfreed, StoreFailure failure) {
    this.unfreed = unfreed;
    this.failure = failure;
    io = parts.io();
    pageBytes = parts.layout().pageBytes();
  }

  /** Returns the pages that a value takes beside its leaf, at most; 0 when it is stored there. */
  long pages(MemorySegment key, @Nullable MemorySegment value) {
    if (value == null
        || value.byteSize() <= BTree.inlineBytesMax((int) key.byteSize(), pageBytes)) {
      return 0;
    }
    return value.byteSize() / (pageBytes - PAGE_OVERHEAD_BYTES) + 2;
  }

  /** Returns the bytes that a change takes in its commit record, at most. */
  long recordBytes(MemorySegment key, @Nullable MemorySegment value) {
    SearchKey.checkLength(key.byteSize());
    long valueBytes = value == null || pages(key, value) > 0 ? 0 : value.byteSize();
    return ENTRY_OVERHEAD_BYTES + key.byteSize() + valueBytes;
  }

  /** Writes a value to pages of its own and stages the put of its reference. */
  void stage(Operation op, TableTree table, MemorySegment key, MemorySegment value)
      throws IOException {
    OverflowWriter writer = new OverflowWriter(table.tree());
    writer.begin(op.key, value.byteSize(), op.runs);
    PageRun run = op.runs.getLast();
    writer.write(value);
    writer.finish(op.value);
    failure.flush(io);
    MemorySegment reference = EngineMemory.segment(op.value.address(), ValueBuffer.REFERENCE_BYTES);
    op.record.putOverflow(table.id(), key, reference, run.lsn());
  }

  /** Frees the runs of an operation that was not logged. */
  void free(Operation op) {
    unfreed.free(op);
  }

  /** Returns a value that was read; null when the key is not there any more. */
  byte @Nullable [] bytes(BTree tree, SearchKey key, ValueBuffer value) throws IOException {
    return bytes(tree, key, value, false);
  }

  /** The same, perhaps for a long scan. */
  byte @Nullable [] bytes(BTree tree, SearchKey key, ValueBuffer value, boolean isPassing)
      throws IOException {
    boolean isPresent = true;
    while (isPresent && value.isReference()) {
      byte[] bytes = new byte[Math.toIntExact(value.valueBytes())];
      if (tryRead(tree, value, MemorySegment.ofArray(bytes), isPassing)) {
        return bytes;
      }
      isPresent = tree.get(key, value);
    }
    return isPresent ? value.toByteArray() : null;
  }

  /** Copies a value that was read as far as the target reaches; returns its length, or -1. */
  long copyOut(BTree tree, SearchKey key, ValueBuffer value, MemorySegment target)
      throws IOException {
    return copyOut(tree, key, value, target, false);
  }

  /** The same, perhaps for a long scan. */
  long copyOut(
      BTree tree, SearchKey key, ValueBuffer value, MemorySegment target, boolean isPassing)
      throws IOException {
    boolean isPresent = true;
    while (isPresent && value.isReference()) {
      long length = value.valueBytes();
      if (tryRead(tree, value, target.asSlice(0, Math.min(length, target.byteSize())), isPassing)) {
        return length;
      }
      isPresent = tree.get(key, value);
    }
    if (!isPresent) {
      return -1;
    }
    EngineMemory.copyOut(value.address(), value.lengthBytes(), target);
    return value.lengthBytes();
  }

  private static boolean tryRead(
      BTree tree, ValueBuffer value, MemorySegment target, boolean isPassing) throws IOException {
    OverflowReader reader = new OverflowReader(tree, isPassing);
    return reader.tryOpen(value) && reader.tryRead(0, target);
  }
}
