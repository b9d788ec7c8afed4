// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** How keys and values are written as text: UTF-8, or two hexadecimal digits a byte. */
enum Notation {
  /** The bytes are UTF-8 text. */
  TEXT {
    @Override
    byte[] parse(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    byte[] print(byte[] bytes) {
      return bytes;
    }
  },

  /** Two digits a byte, printed in lower case. */
  HEX {
    @Override
    byte[] parse(String text) {
      try {
        return HexFormat.of().parseHex(text);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "'" + abbreviate(text) + "' is not hexadecimal; needed: two digits a byte", e);
      }
    }

    @Override
    byte[] print(byte[] bytes) {
      return HexFormat.of().formatHex(bytes).getBytes(StandardCharsets.US_ASCII);
    }
  };

  private static final int QUOTED_MAX = 60;

  /**
   * Reads bytes from text.
   *
   * @param text as typed by a user
   * @return the bytes it stands for
   * @throws IllegalArgumentException when it is not in this notation
   */
  abstract byte[] parse(String text);

  /**
   * Writes bytes in this notation.
   *
   * @param bytes of a key or value
   * @return what to print; not necessarily a copy
   */
  abstract byte[] print(byte[] bytes);

  /**
   * Writes a JSON field: {@code "name": "text"}, or {@code "nameHex"} in hexadecimal notation and
   * for bytes that are no UTF-8.
   *
   * @param json where to
   * @param name such as {@code key}
   * @param bytes its value
   * @throws IOException when the output fails
   */
  void writeField(JsonGenerator json, String name, byte[] bytes) throws IOException {
    String text = this == TEXT ? decode(bytes) : null;
    if (text == null) {
      json.writeStringField(name + "Hex", HexFormat.of().formatHex(bytes));
    } else {
      json.writeStringField(name, text);
    }
  }

  /**
   * Decodes UTF-8.
   *
   * @param bytes any bytes
   * @return the text, or null when they are no UTF-8
   */
  static @Nullable String decode(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException _) {
      return null;
    }
  }

  /** Shortens text so that it can be quoted in a message. */
  static String abbreviate(String text) {
    return text.length() <= QUOTED_MAX ? text : text.substring(0, QUOTED_MAX) + "...";
  }
}
