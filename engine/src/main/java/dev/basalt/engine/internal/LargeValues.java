// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.StoreException;
import dev.basalt.index.BTree;
import dev.basalt.index.PageRun;
import dev.basalt.index.ValueBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Values that do not fit into a leaf: written to pages of their own, and flushed, before the commit
 * record that publishes them is appended.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, each with its own operation.
 */
final class LargeValues {
  /** What an entry takes in a record beside its key and value, at most. */
  private static final int ENTRY_OVERHEAD_BYTES = 96;

  private static final int REFERENCE_BYTES = 32;

  private final StoreSpace space;
  private final int pageBytes;

  LargeValues(StoreParts parts, StoreSpace space) {
    this.space = space;
    pageBytes = parts.layout().pageBytes();
  }

  /** Returns the pages that a value takes beside its leaf; 0 when it is stored there. */
  long pages(MemorySegment key, @Nullable MemorySegment value) {
    if (value == null
        || value.byteSize() <= BTree.inlineBytesMax((int) key.byteSize(), pageBytes)) {
      return 0;
    }
    return value.byteSize() / (pageBytes - 64) + 1;
  }

  /** Returns the bytes that a change takes in its commit record, at most. */
  long recordBytes(MemorySegment key, @Nullable MemorySegment value) {
    long valueBytes = value == null ? 0 : Math.max(REFERENCE_BYTES, value.byteSize());
    boolean isLarge = pages(key, value) > 0;
    return ENTRY_OVERHEAD_BYTES + key.byteSize() + (isLarge ? REFERENCE_BYTES : valueBytes);
  }

  /** Writes a value to pages of its own and stages the put of its reference. */
  @SuppressWarnings("DoNotCallSuggester")
  void stage(Operation op, TableTree table, MemorySegment key, MemorySegment value)
      throws IOException {
    throw new StoreException(
        "value has %,d bytes; those that do not fit into a leaf are not stored yet"
            .formatted(value.byteSize()));
  }

  /** Frees the runs of an operation that was not logged. */
  void free(Operation op) throws IOException {
    for (PageRun run : op.runs) {
      space.pages().freeRun(op.key, run);
    }
  }

  /** Returns a value that was read. */
  byte[] bytes(ValueBuffer value) throws IOException {
    return value.toByteArray();
  }

  /** Copies a value that was read; returns its length. */
  long copyOut(ValueBuffer value, MemorySegment target) throws IOException {
    EngineMemory.copyOut(value.address(), value.lengthBytes(), target);
    return value.lengthBytes();
  }

  /** Returns the value that the operation has read, valid until it reads another. */
  MemorySegment read(Operation op, TableTree table) throws IOException {
    return EngineMemory.segment(op.value.address(), op.value.lengthBytes());
  }
}
