// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.OverflowStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Writes a large value, part by part, into a pending run of overflow pages.
 *
 * <p>{@link #begin}; {@link #write} until the length is reached; {@link #finish}; flush the device;
 * append the commit that holds the reference; {@link BTree#put} it. The pages are not logged, hence
 * the flush before. A run that is not published is freed by {@link PageSpace#freeRun}, or by
 * recovery.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class OverflowWriter {
  /** The longest value in bytes. */
  public static final long VALUE_BYTES_MAX = 1L << 30;

  private final OverflowStream stream;
  private final int pageBytes;

  /**
   * Creates a writer.
   *
   * @param tree the tree the value is for
   */
  public OverflowWriter(BTree tree) {
    stream = new OverflowStream(tree.core());
    pageBytes = tree.core().pageBytes();
  }

  /**
   * Allocates the pages.
   *
   * @param key working memory
   * @param valueBytes length of the value, up to {@link #VALUE_BYTES_MAX}
   * @param pending gets the run, which is in flight until it is published or freed: the caller's
   *     duty, also when this fails afterwards
   * @throws IOException when there is no room, a page cannot be read, or the log or the pool has
   *     failed
   */
  public void begin(SearchKey key, long valueBytes, List<PageRun> pending) throws IOException {
    checkLength(valueBytes);
    stream.begin(key.work(pageBytes), valueBytes, pending);
  }

  static void checkLength(long valueBytes) {
    if (valueBytes < 0 || valueBytes > VALUE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "value length is " + valueBytes + " bytes, limit " + VALUE_BYTES_MAX);
    }
  }

  /**
   * Writes the next part.
   *
   * @param part its bytes
   * @throws IOException when the pool has failed
   */
  public void write(MemorySegment part) throws IOException {
    stream.write(part);
  }

  /**
   * Waits until the device has all pages. They are durable after a flush only.
   *
   * @param out becomes the reference
   * @throws IOException when the pool has failed
   */
  public void finish(ValueBuffer out) throws IOException {
    stream.finish(out);
  }
}
