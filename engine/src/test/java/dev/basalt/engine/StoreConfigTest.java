// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.index.ContentionConfig;
import dev.basalt.index.MergeConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoreConfigTest {
  @Test
  void shouldReadBackWhatItPrints(@TempDir Path directory) throws IOException {
    StoreConfig config =
        StoreConfig.builder()
            .device("ram:1GiB")
            .poolBytes(12_345_678)
            .pageBytes(8192)
            .durability(Durability.parse("group:7"))
            .createIfMissing(false)
            .contention(new ContentionConfig(3, 50, 7))
            .warmRestart(false)
            .merges(new MergeConfig(3, 77))
            .build();
    Path file = directory.resolve("store.properties");
    Files.writeString(file, config.toString());
    assertEquals(config, StoreConfig.builder().load(file).build());
  }

  @Test
  void shouldNameTheNearestOption() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> StoreConfig.builder().set("page-sise", "4096"));
    assertTrue(e.toString().contains("'page-size'"), e.toString());
  }

  @Test
  void shouldSayWhichOptionIsMalformed() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> StoreConfig.builder().set("pool", "many"));
    assertTrue(e.toString().contains("'pool'"), e.toString());
  }

  @Test
  void shouldRefuseValuesOutsideTheirLimits() {
    StoreConfig.Builder builder = StoreConfig.builder().device("ram:1GiB");
    assertThrows(IllegalArgumentException.class, () -> builder.pageBytes(5000).build());
    assertThrows(
        IllegalArgumentException.class, () -> builder.pageBytes(4096).poolBytes(1).build());
    assertThrows(IllegalArgumentException.class, () -> StoreConfig.builder().build());
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> builder.set("contention-threshold", "101"));
    assertTrue(e.toString().contains("contention-threshold is 101"), e.toString());
    e = assertThrows(IllegalArgumentException.class, () -> builder.set("merge-siblings", "9"));
    assertTrue(e.toString().contains("merge-siblings is 9"), e.toString());
  }

  @Test
  void shouldReadSizesWithUnits() {
    assertEquals(4096, ByteSize.parse("4096"));
    assertEquals(64 << 10, ByteSize.parse("64k"));
    assertEquals(512L << 20, ByteSize.parse("512 MiB".replace(" ", "")));
    assertEquals(3L << 30, ByteSize.parse("3GB"));
    assertEquals("3GiB", ByteSize.print(3L << 30));
    assertEquals("1000", ByteSize.print(1000));
    assertThrows(IllegalArgumentException.class, () -> ByteSize.parse("MiB"));
  }

  @Test
  void shouldEndAPrefixRangeAtTheNextPrefix() {
    Range range = Range.prefix(new byte[] {1, (byte) 0xff});
    assertTrue(range.contains(new byte[] {1, (byte) 0xff, (byte) 0xff}));
    assertEquals(false, range.contains(new byte[] {2}));
    assertEquals(true, Range.prefix(new byte[] {(byte) 0xff}).contains(new byte[] {-1, -1}));
  }
}
