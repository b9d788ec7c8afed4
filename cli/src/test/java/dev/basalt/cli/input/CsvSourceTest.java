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

class CsvSourceTest {
  @Test
  void shouldReadQuotedFields() throws IOException {
    CsvSource source = source("\"a,\"\"b\"\"\",\"two\r\nlines\"\r\nc,d\n", false, "1", "2");
    assertTrue(source.next());
    assertEquals("a,\"b\"", text(source.key()));
    assertEquals("two\r\nlines", text(source.value()));
    assertTrue(source.next());
    assertEquals("c", text(source.key()));
    assertEquals(3, source.lineNumber());
    assertFalse(source.next());
  }

  @Test
  void shouldFindColumnsByTheirNames() throws IOException {
    CsvSource source = source("id,name,größe\n7,x,42\n", true, "name", "größe");
    assertTrue(source.next());
    assertEquals("x", text(source.key()));
    assertEquals("42", text(source.value()));
  }

  @Test
  void shouldSayWhichColumnsThereAre() {
    CsvSource source = source("id,name\n7,x\n", true, "nome", "2");
    MalformedInputException e = assertThrows(MalformedInputException.class, source::next);
    assertEquals("line 1: no column 'nome'; there are: id, name", e.getMessage());
  }

  @Test
  void shouldNameTheLineWithTooFewColumns() throws IOException {
    CsvSource source = source("a,1\nb\n", false, "1", "2");
    assertTrue(source.next());
    MalformedInputException e = assertThrows(MalformedInputException.class, source::next);
    assertEquals("line 2: 1 columns, needed: 2 or more", e.getMessage());
  }

  @Test
  void shouldRefuseWhatIsNotUtf8() {
    byte[] latin1 = "ä,1\n".getBytes(StandardCharsets.ISO_8859_1);
    CsvSource source = new CsvSource(new ByteArrayInputStream(latin1), false, "1", "2");
    assertThrows(MalformedInputException.class, source::next);
  }

  private static CsvSource source(String text, boolean hasHeader, String key, String value) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return new CsvSource(new ByteArrayInputStream(bytes), hasHeader, key, value);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
