// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WriteLogTest {
  private static final int SECTOR_BYTES = 512;
  private static final int SECTORS = 16;
  private static final int SEEDS = 200;

  @TempDir Path directory;
  private final ByteArrayOutputStream entries = new ByteArrayOutputStream();
  private int entryCount;
  private int entryCountMin;
  private WriteLog.Outcome outcome = new WriteLog.Outcome(0, 0, 0, 0);

  @Test
  void shouldKeepAllBeforeTheLastFlush() throws IOException {
    write(0, 4, 1, 0);
    write(2, 4, 2, 0);
    flush();
    write(8, 1, 3, 0);
    for (int seed = 0; seed < SEEDS; seed++) {
      assertEquals("112222", cutPower(seed).substring(0, 6), "seed " + seed);
    }
  }

  @Test
  void shouldKeepLoseAndTearWritesAfterTheLastFlush() throws IOException {
    write(0, 2, 1, 0);
    flush();
    write(0, 2, 2, 0);
    write(4, 1, 3, 0);
    Set<String> seen = new TreeSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      seen.add(cutPower(seed).substring(0, 5));
    }
    assertEquals(
        Set.of("11000", "11003", "12000", "12003", "21000", "21003", "22000", "22003"), seen);
  }

  @Test
  void shouldCutPowerAfterAnyEntryFromTheFirstAllowed() throws IOException {
    for (int i = 1; i <= 5; i++) {
      write(0, 1, i, 0);
      flush();
    }
    Set<String> seen = new TreeSet<>();
    entryCountMin = 4;
    for (int seed = 0; seed < SEEDS; seed++) {
      seen.add(cutPower(seed).substring(0, 1));
    }
    assertEquals(Set.of("2", "3", "4", "5"), seen);
  }

  @Test
  void shouldCutPowerBeforeAFlushRatherThanAfterIt() throws IOException {
    write(0, 1, 1, 0);
    flush();
    write(0, 1, 2, 0);
    flush();
    entryCountMin = 3;
    for (int seed = 0; seed < SEEDS; seed++) {
      cutPower(seed);
      assertEquals(3, outcome.entryCount(), "seed " + seed);
    }
    entryCountMin = 4;
    cutPower(1);
    assertEquals(4, outcome.entryCount());
  }

  @Test
  void shouldKeepTheOrderOfWrites() throws IOException {
    write(0, 1, 1, 0);
    write(0, 1, 2, 0);
    write(0, 1, 3, WriteLog.FLUSH);
    assertTrue(cutPower(1).startsWith("3"));
  }

  @Test
  void shouldKeepWritesForcedToTheMedium() throws IOException {
    write(0, 8, 1, 0);
    write(3, 2, 2, WriteLog.FUA);
    for (int seed = 0; seed < SEEDS; seed++) {
      assertEquals("22", cutPower(seed).substring(3, 5), "seed " + seed);
    }
  }

  @Test
  void shouldReadZeroesWhereDiscarded() throws IOException {
    write(0, 4, 1, 0);
    discard(1, 2);
    write(5, 1, 4, 0);
    flush();
    assertEquals("100104", cutPower(1).substring(0, 6));
  }

  @Test
  void shouldGiveTheSameImageForTheSameSeed() throws IOException {
    for (int i = 0; i < 40; i++) {
      write(i % 12, 4, 1 + i % 9, 0);
    }
    Set<String> images = new TreeSet<>();
    for (int seed = 0; seed < 10; seed++) {
      String image = cutPower(seed);
      assertEquals(image, cutPower(seed));
      images.add(image);
    }
    assertTrue(images.size() > 1);
  }

  @Test
  void shouldRefuseWhatIsNoLog() throws IOException {
    Path file = directory.resolve("log");
    Files.write(file, new byte[SECTOR_BYTES]);
    assertThrows(IOException.class, () -> read(file));
    write(0, 2, 1, 0);
    byte[] log = log();
    Files.write(file, Arrays.copyOf(log, log.length - 1));
    assertEquals(1, read(file).entries().size());
    assertThrows(IOException.class, () -> cutPower(file, 0));
  }

  private void write(long sector, int count, int value, int flags) {
    header(sector, count, flags);
    byte[] data = new byte[count * SECTOR_BYTES];
    Arrays.fill(data, (byte) value);
    entries.writeBytes(data);
  }

  private void flush() {
    header(0, 0, WriteLog.FLUSH);
  }

  private void discard(long sector, int count) {
    header(sector, count, WriteLog.DISCARD);
  }

  private void header(long sector, long count, int flags) {
    entries.writeBytes(sector(sector, count, flags, 0));
    entryCount++;
    entryCountMin = entryCount;
  }

  private static byte[] sector(long... words) {
    ByteBuffer sector = ByteBuffer.allocate(SECTOR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long word : words) {
      sector.putLong(word);
    }
    return sector.array();
  }

  private byte[] log() {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    log.writeBytes(sector(WriteLog.MAGIC, 1, entryCount, SECTOR_BYTES));
    log.writeBytes(entries.toByteArray());
    return log.toByteArray();
  }

  private String cutPower(long seed) throws IOException {
    Path file = directory.resolve("log");
    Files.write(file, log());
    return cutPower(file, seed);
  }

  /** Returns the first byte of each sector of the image. */
  private String cutPower(Path file, long seed) throws IOException {
    Path device = directory.resolve("image");
    Files.write(device, new byte[SECTORS * SECTOR_BYTES]);
    try (FileChannel log = FileChannel.open(file);
        FileChannel image = FileChannel.open(device, StandardOpenOption.WRITE)) {
      WriteLog writes = new WriteLog(log);
      outcome = writes.cutPower(image, seed, entryCountMin, writes.entries().size());
    }
    byte[] found = Files.readAllBytes(device);
    assertEquals(SECTORS * SECTOR_BYTES, found.length);
    StringBuilder sectors = new StringBuilder();
    for (int i = 0; i < SECTORS; i++) {
      byte[] sector = Arrays.copyOfRange(found, i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES);
      byte[] whole = new byte[SECTOR_BYTES];
      Arrays.fill(whole, sector[0]);
      assertArrayEquals(whole, sector);
      sectors.append(sector[0]);
    }
    return sectors.toString();
  }

  private static WriteLog read(Path file) throws IOException {
    try (FileChannel log = FileChannel.open(file)) {
      return new WriteLog(log);
    }
  }
}
