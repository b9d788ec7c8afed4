// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonlSourceTest {
  @Test
  void shouldReadStrings() throws IOException {
    JsonlSource source = source("{\"key\":\"k\\u00e4\",\"x\":[1,{}],\"value\":\"a\\nb\"}\n\n");
    assertTrue(source.next());
    assertEquals("kä", text(source.key()));
    assertEquals("a\nb", text(source.value()));
    assertFalse(source.next());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"17", "1.50", "1e400", "true", "null", "{\"a\": [1, 2.50], \"b\":{}}", "[ ]"})
  void shouldKeepOtherValuesAsTheirJsonText(String json) throws IOException {
    JsonlSource source =
        source("{\"key\":\"a\",\"value\":\"b\"}\n{\"key\":1,\"value\":" + json + "}");
    assertTrue(source.next());
    assertTrue(source.next());
    assertEquals("1", text(source.key()));
    assertEquals(json, text(source.value()));
  }

  @Test
  void shouldReadHexadecimalFields() throws IOException {
    JsonlSource source = source("{\"keyHex\":\"00ff\",\"valueHex\":\"\"}");
    assertTrue(source.next());
    assertArrayEquals(new byte[] {0, -1}, source.key());
    assertEquals(0, source.value().length);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"key\":\"a\"}",
        "{\"value\":\"a\"}",
        "[1]",
        "{\"key\":\"a\",\"value\":",
        "{\"key\":\"a\",\"value\":\"b\"} {}",
        "{\"key\":\"a\",\"value\":\"b\"",
        "{\"keyHex\":\"0\",\"value\":\"b\"}",
        "nonsense",
      })
  void shouldNameTheMalformedLine(String line) throws IOException {
    JsonlSource source = source("{\"key\":\"a\",\"value\":\"b\"}\n" + line + "\n");
    assertTrue(source.next());
    MalformedInputException e = assertThrows(MalformedInputException.class, source::next);
    assertTrue(String.valueOf(e.getMessage()).startsWith("line 2: "), e.getMessage());
  }

  private static JsonlSource source(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return new JsonlSource(new ByteArrayInputStream(bytes), "key", "value", false);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
