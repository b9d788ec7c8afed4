// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ByteOrderMarkTest {
  private static final byte[] MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  @Test
  void shouldLeaveOutTheMarkOnly() throws IOException {
    assertArrayEquals(
        new byte[] {'a', 'b'}, skipped(new byte[] {MARK[0], MARK[1], MARK[2], 'a', 'b'}));
    assertArrayEquals(new byte[] {}, skipped(MARK));
  }

  @Test
  void shouldKeepEverythingElse() throws IOException {
    for (String text : new String[] {"", "a", "ab", "abc", "abcd"}) {
      byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
      assertArrayEquals(bytes, skipped(bytes));
    }
    byte[] partOfMark = {MARK[0], MARK[1]};
    assertArrayEquals(partOfMark, skipped(partOfMark));
  }

  private static byte[] skipped(byte[] bytes) throws IOException {
    return ByteOrderMark.skip(new ByteArrayInputStream(bytes)).readAllBytes();
  }
}
