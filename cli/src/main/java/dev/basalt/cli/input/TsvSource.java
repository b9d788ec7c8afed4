// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Lines of key, tab, value: the first tab ends the key, the rest of the line is the value, bytes as
 * they are. Empty lines are skipped.
 */
public final class TsvSource implements RecordSource {
  private final LineReader lines;
  private byte[] key = {};
  private byte[] value = {};

  /**
   * Creates a source.
   *
   * @param stream the input; closed by the caller
   */
  public TsvSource(InputStream stream) {
    this.lines = new LineReader(stream);
  }

  @Override
  public boolean next() throws IOException {
    do {
      if (!lines.next()) {
        return false;
      }
    } while (lines.length() == 0);
    byte[] buffer = lines.buffer();
    int end = lines.start() + lines.length();
    int tab = lines.start();
    while (tab < end && buffer[tab] != '\t') {
      tab++;
    }
    if (tab == end) {
      throw new MalformedInputException(lines.lineNumber(), "no tab; needed: key, tab, value");
    }
    key = Arrays.copyOfRange(buffer, lines.start(), tab);
    value = Arrays.copyOfRange(buffer, tab + 1, end);
    return true;
  }

  @Override
  public byte[] key() {
    return key;
  }

  @Override
  public byte[] value() {
    return value;
  }

  @Override
  public long lineNumber() {
    return lines.lineNumber();
  }
}
