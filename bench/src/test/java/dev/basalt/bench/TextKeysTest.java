// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextKeysTest {
  private static final String LINES =
      """
      usr/bin/b                admin/b,admin/c
      usr/bin/a file           admin/a

      usr/bin/b                admin/again
      alone
      """;

  @TempDir private Path directory;

  @Test
  void shouldTakeTheDistinctPartsBeforeTheLastBlankInOrder() throws IOException {
    Path file = Files.writeString(directory.resolve("keys"), LINES);
    assertKeys(TextKeys.read(file, 100), "alone", "usr/bin/a file", "usr/bin/b");
  }

  @Test
  void shouldReadGzippedFiles() throws IOException {
    Path file = directory.resolve("keys.gz");
    try (OutputStream zipped = new GZIPOutputStream(Files.newOutputStream(file))) {
      zipped.write(LINES.getBytes(StandardCharsets.UTF_8));
    }
    assertKeys(TextKeys.read(file, 100), "alone", "usr/bin/a file", "usr/bin/b");
  }

  @Test
  void shouldTakeLinesAllOverTheFileWhenItHasTooMany() throws IOException {
    Path file = Files.writeString(directory.resolve("keys"), "a\nb\nc\nd\ne\nf\n");
    assertKeys(TextKeys.read(file, 3), "a", "c", "e");
    assertKeys(TextKeys.read(file, 5), "a", "c", "e");
  }

  @Test
  void shouldLeaveOutKeysThatAPeerCannotTake() throws IOException {
    String longest = "x".repeat(TextKeys.SIZE_MAX);
    Path file = Files.writeString(directory.resolve("keys"), longest + "\n" + longest + "y\n");
    assertKeys(TextKeys.read(file, 100), longest);
  }

  @Test
  void shouldHaveEachKeyOnceInRandomOrder() throws IOException {
    Path file = Files.writeString(directory.resolve("keys"), "a\nb\nc\nd\ne\nf\ng\nh\n");
    Keys keys = TextKeys.read(file, 100);
    long[] random = keys.atRandom();
    assertFalse(Arrays.equals(keys.inOrder(), random));
    for (int record = 0; record < keys.count(); record++) {
      assertEquals(random[record], keys.key(record));
    }
    Arrays.sort(random);
    assertArrayEquals(keys.inOrder(), random);
  }

  @Test
  void shouldTellARecordFromAnother() throws IOException {
    Path file = Files.writeString(directory.resolve("keys"), "a\nbb\nbc\n");
    Keys keys = TextKeys.read(file, 100);
    MemorySegment value = MemorySegment.ofArray(new byte[Records.VALUE_BYTES]);
    Records.setValue(value, 1);
    assertTrue(keys.isRecord(MemorySegment.ofArray(keys.bytes(1)), value));
    assertFalse(keys.isRecord(MemorySegment.ofArray(keys.bytes(2)), value));
    assertFalse(keys.isRecord(MemorySegment.ofArray(keys.bytes(0)), value));
    Records.setValue(value, 3); // there is none
    assertFalse(keys.isRecord(MemorySegment.ofArray(keys.bytes(1)), value));
    value.set(Records.KEY, 0, 1); // the end is not that of the start
    assertFalse(keys.isRecord(MemorySegment.ofArray(keys.bytes(1)), value));
  }

  private static void assertKeys(Keys keys, String... expected) {
    assertEquals(expected.length, keys.count());
    long bytes = 0;
    for (int i = 0; i < expected.length; i++) {
      String key = new String(keys.bytes(keys.inOrder()[i]), StandardCharsets.UTF_8);
      assertEquals(expected[i], key);
      bytes += key.length();
    }
    assertEquals(bytes, keys.bytes());
  }
}
