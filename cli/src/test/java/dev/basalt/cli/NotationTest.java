// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class NotationTest {
  @Property(tries = 200)
  void shouldGiveAnyBytesBackFromHexadecimal(@ForAll byte[] bytes) {
    String text = new String(Notation.HEX.print(bytes), StandardCharsets.US_ASCII);
    assertArrayEquals(bytes, Notation.HEX.parse(text));
  }

  @Property(tries = 200)
  void shouldGiveTextBack(@ForAll String text) {
    byte[] bytes = Notation.TEXT.parse(text);
    assertEquals(new String(bytes, StandardCharsets.UTF_8), Notation.decode(bytes));
  }

  @Test
  void shouldRefuseWhatIsNotHexadecimal() {
    assertThrows(IllegalArgumentException.class, () -> Notation.HEX.parse("0"));
    assertThrows(IllegalArgumentException.class, () -> Notation.HEX.parse("0g"));
  }

  @Test
  void shouldTellBytesThatAreNoText() {
    assertNull(Notation.decode(new byte[] {(byte) 0xff}));
  }
}
