// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TsvSourceTest {
  @Test
  void shouldEndTheKeyAtTheFirstTab() throws IOException {
    TsvSource source = source("key\tvalue\twith tab\n");
    assertTrue(source.next());
    assertEquals("key", text(source.key()));
    assertEquals("value\twith tab", text(source.value()));
    assertFalse(source.next());
  }

  @Test
  void shouldTakeBothLineEndsAndALastLineWithoutOne() throws IOException {
    TsvSource source = source("a\t1\r\n\r\n\nb\t2");
    assertTrue(source.next());
    assertEquals("1", text(source.value()));
    assertTrue(source.next());
    assertEquals("b", text(source.key()));
    assertEquals("2", text(source.value()));
    assertEquals(4, source.lineNumber());
    assertFalse(source.next());
  }

  @Test
  void shouldNameTheLineWithoutATab() throws IOException {
    TsvSource source = source("a\t1\nb 2\n");
    assertTrue(source.next());
    MalformedInputException e = assertThrows(MalformedInputException.class, source::next);
    assertEquals("line 2: no tab; needed: key, tab, value", e.getMessage());
  }

  @Test
  void shouldReadALineLongerThanTheBuffer() throws IOException {
    String value = "x".repeat(3_000_000);
    TsvSource source = source("a\t1\nkey\t" + value + "\nb\t2\n");
    assertTrue(source.next());
    assertTrue(source.next());
    assertEquals(value, text(source.value()));
    assertTrue(source.next());
    assertEquals("b", text(source.key()));
  }

  private static TsvSource source(String text) {
    return new TsvSource(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
