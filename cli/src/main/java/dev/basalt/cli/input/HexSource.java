// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Takes the keys and values of another source for hexadecimal text and decodes them. */
public final class HexSource implements RecordSource {
  private final RecordSource source;
  private byte[] key = {};
  private byte[] value = {};

  /**
   * Creates a source.
   *
   * @param source gives the text
   */
  public HexSource(RecordSource source) {
    this.source = source;
  }

  @Override
  public boolean next() throws IOException {
    if (!source.next()) {
      return false;
    }
    key = decode("key", source.key());
    value = decode("value", source.value());
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
    return source.lineNumber();
  }

  private byte[] decode(String what, byte[] text) throws MalformedInputException {
    try {
      return HexFormat.of().parseHex(new String(text, StandardCharsets.ISO_8859_1));
    } catch (IllegalArgumentException _) {
      throw new MalformedInputException(
          lineNumber(), "the " + what + " is not hexadecimal; needed: two digits a byte");
    }
  }
}
