// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.OverflowStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Reads a large value, any part of it, by its reference.
 *
 * <p>The value may be replaced meanwhile, and its pages used again. The reader notices; its caller
 * then reads the key again.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class OverflowReader {
  private final OverflowStream stream;

  /**
   * Creates a reader.
   *
   * @param tree the tree the value is from
   */
  public OverflowReader(BTree tree) {
    this(tree, false);
  }

  /**
   * Creates a reader.
   *
   * @param tree the tree the value is from
   * @param isPassing whether it belongs to a long scan: pages that nobody used before are evicted
   *     first
   */
  public OverflowReader(BTree tree, boolean isPassing) {
    stream = new OverflowStream(tree.core(), isPassing);
  }

  /**
   * Starts to read a value.
   *
   * @param reference what {@link BTree#get} or a cursor returned
   * @return false when the value is no longer there: get the key again
   * @throws IOException when a page cannot be read or is damaged
   */
  public boolean tryOpen(ValueBuffer reference) throws IOException {
    return stream.tryOpen(reference);
  }

  /**
   * Reads a part of the value.
   *
   * @param offset where in the value to start
   * @param target filled from there
   * @return false when the value is no longer there: get the key again
   * @throws IOException when a page cannot be read or is damaged
   * @throws IndexOutOfBoundsException when the part is not inside the value
   */
  public boolean tryRead(long offset, MemorySegment target) throws IOException {
    return stream.tryRead(offset, target);
  }
}
