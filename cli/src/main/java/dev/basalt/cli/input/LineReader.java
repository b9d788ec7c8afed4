// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Splits a stream of bytes into lines without decoding them; lines end with LF or CR LF.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
final class LineReader {
  private static final int BUFFER_BYTES = 256 * 1024;
  private static final int LINE_BYTES_MAX = Integer.MAX_VALUE - 64;

  private final InputStream stream;
  private byte[] buffer = new byte[BUFFER_BYTES];

  /** Where the bytes not yet handed out begin and end. */
  private int position;

  private int limit;

  private int start;
  private int length;
  private long lineNumber;

  LineReader(InputStream stream) {
    this.stream = stream;
  }

  /**
   * Moves to the next line.
   *
   * @return false at the end of the stream
   * @throws IOException when it cannot be read
   */
  boolean next() throws IOException {
    int end = find();
    if (end < 0 && position == limit) {
      return false;
    }
    lineNumber++;
    start = position;
    int stop = end < 0 ? limit : end;
    position = end < 0 ? limit : end + 1;
    length = stop > start && buffer[stop - 1] == '\r' ? stop - 1 - start : stop - start;
    return true;
  }

  /** Holds the line from {@link #start} on for {@link #length} bytes, until the next call. */
  byte[] buffer() {
    return buffer;
  }

  int start() {
    return start;
  }

  int length() {
    return length;
  }

  long lineNumber() {
    return lineNumber;
  }

  /** Finds the end of the line that starts at the position, reading on as needed; -1: none. */
  private int find() throws IOException {
    int scanned = position;
    while (true) {
      for (; scanned < limit; scanned++) {
        if (buffer[scanned] == '\n') {
          return scanned;
        }
      }
      int kept = limit - position;
      if (!fill()) {
        return -1;
      }
      scanned = position + kept;
    }
  }

  private boolean fill() throws IOException {
    if (position > 0) {
      System.arraycopy(buffer, position, buffer, 0, limit - position);
      limit -= position;
      position = 0;
    }
    if (limit == buffer.length) {
      if (limit == LINE_BYTES_MAX) {
        throw new MalformedInputException(lineNumber + 1, "longer than 2 GiB");
      }
      buffer = Arrays.copyOf(buffer, (int) Math.min(LINE_BYTES_MAX, limit * 2L));
    }
    int count = stream.read(buffer, limit, buffer.length - limit);
    limit += Math.max(count, 0);
    return count > 0;
  }
}
