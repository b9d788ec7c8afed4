// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;

class LineReaderPropertyTest {
  @Property(tries = 300)
  void shouldSplitAsBufferedReaderDoes(
      @ForAll @Chars({'a', 'b', '\n', '\r'}) @StringLength(max = 40) String text,
      @ForAll @IntRange(min = 1, max = 9) int chunkBytes)
      throws IOException {
    // A lone CR is no line end here: leave it out.
    String input = text.replace("\r", "").replace("b\n", "b\r\n");
    List<String> lines = new ArrayList<>();
    LineReader reader = new LineReader(new Trickle(input, chunkBytes));
    while (reader.next()) {
      lines.add(
          new String(
              reader.buffer(), reader.start(), reader.length(), StandardCharsets.ISO_8859_1));
    }
    assertEquals(input.lines().toList(), lines);
  }

  /** Gives a few bytes at a time, as a pipe may. */
  private static final class Trickle extends ByteArrayInputStream {
    private final int chunkBytes;

    Trickle(String text, int chunkBytes) {
      super(text.getBytes(StandardCharsets.ISO_8859_1));
      this.chunkBytes = chunkBytes;
    }

    @Override
    public synchronized int read(byte[] target, int offset, int length) {
      return super.read(target, offset, Math.min(length, chunkBytes));
    }
  }
}
