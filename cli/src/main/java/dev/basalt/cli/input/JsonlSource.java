// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * One JSON object a line, with a field for the key and one for the value; other fields are ignored.
 *
 * <p>A string stands for its text in UTF-8, any other value for its JSON text as it stands in the
 * line. A field whose name ends in {@code Hex} ({@code keyHex}, {@code valueHex}) holds any bytes
 * in hexadecimal, as {@code scan --json} prints them. Empty lines are skipped.
 */
public final class JsonlSource implements RecordSource {
  private static final String HEX_SUFFIX = "Hex";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
          .build();

  private final LineReader lines;
  private final String keyField;
  private final String valueField;
  private final boolean isHex;
  private byte @Nullable [] key;
  private byte @Nullable [] value;

  /**
   * Creates a source.
   *
   * @param stream the input; closed by the caller
   * @param keyField the name of the field with the key
   * @param valueField the name of the field with the value
   * @param isHex whether both hold hexadecimal text in any case
   */
  public JsonlSource(InputStream stream, String keyField, String valueField, boolean isHex) {
    this.lines = new LineReader(stream);
    this.keyField = keyField;
    this.valueField = valueField;
    this.isHex = isHex;
  }

  @Override
  public boolean next() throws IOException {
    do {
      if (!lines.next()) {
        return false;
      }
    } while (lines.length() == 0);
    key = null;
    value = null;
    try (JsonParser parser = JSON.createParser(lines.buffer(), lines.start(), lines.length())) {
      parseObject(parser);
    } catch (JsonProcessingException e) {
      throw malformed(e.getOriginalMessage());
    }
    if (key == null || value == null) {
      throw malformed("no field '" + (key == null ? keyField : valueField) + "'");
    }
    return true;
  }

  @Override
  public byte[] key() {
    return present(key);
  }

  @Override
  public byte[] value() {
    return present(value);
  }

  @Override
  public long lineNumber() {
    return lines.lineNumber();
  }

  private void parseObject(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw malformed("no JSON object");
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      if (name.equals(keyField)) {
        key = bytes(parser);
      } else if (name.equals(valueField)) {
        value = bytes(parser);
      } else if (name.equals(keyField + HEX_SUFFIX)) {
        key = hexBytes(parser);
      } else if (name.equals(valueField + HEX_SUFFIX)) {
        value = hexBytes(parser);
      } else {
        parser.skipChildren();
      }
    }
    if (parser.nextToken() != null) {
      throw malformed("more than one JSON value");
    }
  }

  private byte[] bytes(JsonParser parser) throws IOException {
    if (isHex) {
      return hexBytes(parser);
    }
    if (parser.currentToken().isScalarValue()) {
      return parser.getText().getBytes(StandardCharsets.UTF_8);
    }
    int from = (int) parser.currentTokenLocation().getByteOffset();
    parser.skipChildren();
    int to = (int) parser.currentLocation().getByteOffset();
    return Arrays.copyOfRange(lines.buffer(), lines.start() + from, lines.start() + to);
  }

  private byte[] hexBytes(JsonParser parser) throws IOException {
    try {
      return HexFormat.of().parseHex(parser.getText());
    } catch (IllegalArgumentException _) {
      throw malformed("field '" + parser.currentName() + "' is not hexadecimal");
    }
  }

  private MalformedInputException malformed(String problem) {
    return new MalformedInputException(lines.lineNumber(), problem);
  }

  private static byte[] present(byte @Nullable [] bytes) {
    if (bytes == null) {
      throw new IllegalStateException("no current record");
    }
    return bytes;
  }
}
