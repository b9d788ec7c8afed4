// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.Range;
import dev.basalt.engine.StoreClosedException;
import dev.basalt.index.BTree;
import dev.basalt.index.RecordBuffer;
import dev.basalt.index.SearchKey;
import dev.basalt.index.TreeCursor;
import dev.basalt.index.ValueBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A cursor behind the gate: it is inside only while it moves or copies, so an idle one holds up
 * nobody, and has memory of its own.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class EngineCursor implements AutoCloseable {
  private final OperationGate<Operation> gate;
  private final StoreFailure failure;
  private final LargeValues largeValues;
  private final BTree tree;
  private final TreeCursor cursor;
  private final SearchKey key = new SearchKey();
  private final ValueBuffer value = new ValueBuffer();
  private final AtomicBoolean isInUse = new AtomicBoolean();
  private boolean isClosed;

  EngineCursor(
      OperationGate<Operation> gate,
      StoreFailure failure,
      LargeValues largeValues,
      BTree tree,
      Range range) {
    this.gate = gate;
    this.failure = failure;
    this.largeValues = largeValues;
    this.tree = tree;
    cursor = tree.cursor();
    byte[] low = range.low();
    byte[] high = range.high();
    cursor.low(low == null ? null : key.set(low), range.isLowInclusive());
    cursor.high(high == null ? null : key.set(high), range.isHighInclusive());
  }

  /**
   * Moves to the next entry.
   *
   * @return false when there is none
   */
  public boolean next() {
    Operation op = enter();
    try {
      return cursor.next();
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      leave(op);
    }
  }

  /**
   * Moves to the previous entry.
   *
   * @return false when there is none
   */
  public boolean previous() {
    Operation op = enter();
    try {
      return cursor.previous();
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      leave(op);
    }
  }

  /**
   * Moves between two entries.
   *
   * @param to the first key behind the cursor
   */
  public void seek(byte[] to) {
    Operation op = enter();
    try {
      cursor.seek(key.set(to));
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      leave(op);
    }
  }

  /**
   * Returns the entry's key.
   *
   * @return a copy
   */
  public byte[] key() {
    claim();
    try {
      copyKey();
      return key.toByteArray();
    } finally {
      release();
    }
  }

  /**
   * Copies the entry's key.
   *
   * @param target takes as much as it has room for
   * @return the key's length
   */
  public long key(MemorySegment target) {
    claim();
    try {
      copyKey();
      EngineMemory.copyOut(key.address(), key.lengthBytes(), target);
      return key.lengthBytes();
    } finally {
      release();
    }
  }

  /**
   * Returns the entry's value.
   *
   * @return a copy
   */
  public byte[] value() {
    Operation op = enter();
    try {
      cursor.key(key);
      cursor.value(value);
      byte[] bytes = largeValues.bytes(tree, key, value, cursor.isLong());
      if (bytes == null) {
        throw removed();
      }
      return bytes;
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      leave(op);
    }
  }

  /**
   * Copies the entry's value.
   *
   * @param target takes as much as it has room for
   * @return the value's length
   */
  public long value(MemorySegment target) {
    Operation op = enter();
    try {
      cursor.key(key);
      cursor.value(value);
      long length = largeValues.copyOut(tree, key, value, target, cursor.isLong());
      if (length < 0) {
        throw removed();
      }
      return length;
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      leave(op);
    }
  }

  /**
   * Moves over entries and copies them, until the buffer or the range is at its end. What an
   * exception interrupts leaves the entries before it in the buffer, and the cursor behind them.
   *
   * @param buffer takes them, emptied first
   * @param isUpwards whether to move to next entries or to previous ones
   * @return how many
   */
  public int fill(RecordBuffer buffer, boolean isUpwards) {
    buffer.beginFill();
    try {
      return fillInside(buffer, isUpwards);
    } finally {
      buffer.endFill();
    }
  }

  private int fillInside(RecordBuffer buffer, boolean isUpwards) {
    Operation op = enter();
    try {
      while (cursor.fill(buffer, isUpwards) && tryTakeOrUnread(buffer, isUpwards)) {
        // an entry whose value is in pages of its own: others may follow
      }
      return buffer.count();
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      leave(op);
      Reference.reachabilityFence(this); // memory of both is used by address
      Reference.reachabilityFence(buffer);
    }
  }

  /** Copies the entry and leaves it behind, or stands before it as if it had not been met. */
  private boolean tryTakeOrUnread(RecordBuffer buffer, boolean isUpwards) throws IOException {
    boolean isTaken = false;
    try {
      isTaken = tryTakeLarge(buffer);
    } finally {
      if (isTaken) {
        cursor.pass(isUpwards);
      } else {
        cursor.unread(isUpwards);
      }
    }
    return isTaken;
  }

  /** Copies an entry whose value is in pages of its own; false when it has to wait for room. */
  private boolean tryTakeLarge(RecordBuffer buffer) throws IOException {
    cursor.key(key);
    cursor.value(value);
    if (!buffer.mayHold(key.lengthBytes() + value.valueBytes())) {
      return false;
    }
    byte[] bytes = largeValues.bytes(tree, key, value, cursor.isLong());
    if (bytes == null) {
      return true; // removed meanwhile: there is nothing to copy
    }
    boolean hasRoom = buffer.tryAdd(key.lengthBytes(), bytes.length) != RecordBuffer.FULL;
    if (hasRoom) {
      buffer.setLast(key, bytes);
    }
    return hasRoom;
  }

  @Override
  public void close() {
    isClosed = true;
  }

  private static IllegalStateException removed() {
    return new IllegalStateException("the entry, a large value, was removed meanwhile");
  }

  private Operation enter() {
    claim();
    boolean isInside = false;
    try {
      checkOpen();
      Operation op = gate.enterReader();
      if (failure.isPoisoned()) {
        gate.exit(op);
        failure.check();
      }
      isInside = true;
      return op;
    } finally {
      if (!isInside) {
        release();
      }
    }
  }

  private void leave(Operation op) {
    gate.exit(op);
    release();
  }

  /** Keeps a second thread off, who would make this one copy from a page that is no more. */
  private void claim() {
    if (!isInUse.compareAndSet(false, true)) {
      throw new IllegalStateException("the cursor is being used by another thread");
    }
  }

  private void release() {
    isInUse.setRelease(false);
  }

  private void copyKey() {
    checkOpen();
    cursor.key(key);
  }

  private void checkOpen() {
    if (isClosed) {
      throw new StoreClosedException("the cursor is closed");
    }
    if (gate.isClosed()) {
      throw new StoreClosedException("the store is closed");
    }
  }
}
