// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.Arrays;

/** The three bytes some programs put before UTF-8 text; they belong to no record. */
public final class ByteOrderMark {
  private static final byte[] MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  private ByteOrderMark() {}

  /**
   * Leaves out the mark at the start of a stream.
   *
   * @param stream at its start
   * @return the stream to read from; closing it closes the other
   * @throws IOException when the stream cannot be read
   */
  public static InputStream skip(InputStream stream) throws IOException {
    PushbackInputStream start = new PushbackInputStream(stream, MARK.length);
    byte[] bytes = start.readNBytes(MARK.length);
    if (!Arrays.equals(bytes, MARK)) {
      start.unread(bytes);
    }
    return start;
  }
}
