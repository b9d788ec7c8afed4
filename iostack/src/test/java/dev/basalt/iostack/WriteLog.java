// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a device was told, in order, as QEMU's blklogwrites and Linux's dm-log-writes note it
 * (Documentation/admin-guide/device-mapper/log-writes.rst), and what a power cut may leave of it:
 * all writes before the last flush, and of each later one, by seed, everything, nothing, or some of
 * its sectors. A write that forces its data to the medium (FUA) stays whole.
 *
 * <pre>
 * sector 0     magic 8 | version 8 | number of entries 8 | bytes of a sector 4 | 0...
 * then, for each entry, one sector and, unless it discards, the data
 *              first sector 8 | number of sectors 8 | flags 8 | length of a text 8 | 0...
 * </pre>
 *
 * All numbers are little-endian.
 *
 * <p><b>Concurrency.</b> One thread.
 */
final class WriteLog {
  static final long MAGIC = 0x6a736677736872L;
  static final int FLUSH = 1;
  static final int FUA = 2;
  static final int DISCARD = 4;

  private static final int HEADER_BYTES = 32;
  private static final int SECTOR_BYTES_MAX = 4096;

  private final FileChannel log;
  private final int sectorBytes;
  private final List<Entry> entries = new ArrayList<>();

  /**
   * One write, flush or discard.
   *
   * @param sector the first, 0-based
   * @param sectorCount 0 or above
   * @param flags of {@link #FLUSH}, {@link #FUA} and {@link #DISCARD}
   * @param dataOffset where the data stands in the log, in bytes
   */
  record Entry(long sector, long sectorCount, int flags, long dataOffset) {
    boolean is(int flag) {
      return (flags & flag) != 0;
    }
  }

  /**
   * What a power cut left.
   *
   * @param entryCount how many entries there were then
   * @param durableCount how many of them up to the last flush
   * @param keptCount how many of the others are there as a whole
   * @param tornCount how many of the others are there in part
   */
  record Outcome(int entryCount, int durableCount, int keptCount, int tornCount) {}

  /** Reads the entries, not the data; the log stays open and the caller's. */
  WriteLog(FileChannel log) throws IOException {
    this.log = log;
    ByteBuffer header = header(0);
    if (header.getLong(0) != MAGIC) {
      throw new IOException(
          String.format("not a log of writes: magic %x, needed: %x", header.getLong(0), MAGIC));
    }
    long entryCount = header.getLong(16);
    sectorBytes = header.getInt(24);
    if (sectorBytes < 512 || sectorBytes > SECTOR_BYTES_MAX || Integer.bitCount(sectorBytes) != 1) {
      throw new IOException("a log of writes with sectors of " + sectorBytes + " bytes");
    }
    long offset = sectorBytes;
    for (long i = 0; i < entryCount; i++) {
      ByteBuffer entry = header(offset);
      offset += sectorBytes;
      Entry read = new Entry(entry.getLong(0), entry.getLong(8), (int) entry.getLong(16), offset);
      entries.add(read);
      offset += read.is(DISCARD) ? 0 : read.sectorCount() * sectorBytes;
    }
  }

  List<Entry> entries() {
    return entries;
  }

  /**
   * Writes what a power cut may leave.
   *
   * @param image the device, as it was when the log began
   * @param seed decides when the power is cut, and what becomes of each write after the last flush
   * @param entryCountMin how many entries there were at least
   * @param entryCountMax how many there were at most
   * @return when that was, and what became of them
   */
  Outcome cutPower(FileChannel image, long seed, int entryCountMin, int entryCountMax)
      throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    int entryCount = random.nextInt(entryCountMin, Math.min(entryCountMax, entries.size()) + 1);
    // Right after a flush nothing can be lost: rather before it.
    while (entryCount > entryCountMin && entries.get(entryCount - 1).is(FLUSH)) {
      entryCount--;
    }
    int durableCount = durableCount(entryCount);
    int kept = 0;
    int torn = 0;
    for (int i = 0; i < entryCount; i++) {
      Entry entry = entries.get(i);
      // Two of four stay, one is torn where it can be, one is lost.
      int fate = random.nextInt(4);
      if (i < durableCount || entry.is(FUA)) {
        apply(entry, image);
      } else if (fate <= 1) {
        apply(entry, image);
        kept++;
      } else if (fate == 2 && entry.sectorCount() > 1) {
        tear(entry, image, random);
        torn++;
      }
    }
    return new Outcome(entryCount, durableCount, kept, torn);
  }

  /** Up to and including the last flush of the first entries. */
  private int durableCount(int entryCount) {
    int count = entryCount;
    while (count > 0 && !entries.get(count - 1).is(FLUSH)) {
      count--;
    }
    return count;
  }

  private void apply(Entry entry, FileChannel image) throws IOException {
    for (long i = 0; i < entry.sectorCount(); i++) {
      copy(entry, i, image);
    }
  }

  private void tear(Entry entry, FileChannel image, SplittableRandom random) throws IOException {
    for (long i = 0; i < entry.sectorCount(); i++) {
      if (random.nextBoolean()) {
        copy(entry, i, image);
      }
    }
  }

  private void copy(Entry entry, long index, FileChannel image) throws IOException {
    ByteBuffer sector = ByteBuffer.allocate(sectorBytes);
    if (!entry.is(DISCARD)) {
      readFully(sector, entry.dataOffset() + index * sectorBytes);
    }
    sector.clear();
    long offset = (entry.sector() + index) * sectorBytes;
    while (sector.hasRemaining()) {
      offset += image.write(sector, offset);
    }
  }

  private ByteBuffer header(long offset) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    readFully(header, offset);
    return header;
  }

  private void readFully(ByteBuffer target, long offset) throws IOException {
    while (target.hasRemaining()) {
      int count = log.read(target, offset + target.position());
      if (count < 0) {
        throw new EOFException("the log of writes ends at byte " + log.size());
      }
    }
  }

  /**
   * Makes an image of what a power cut may leave, for {@code scripts/vm power-cut}.
   *
   * @param arguments the log, the image of the device as it was when the log began, the seed, and
   *     how many entries there were at least and at most when the power was cut
   * @throws IOException when the log cannot be read or the image cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    try (FileChannel log = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.READ);
        FileChannel image = FileChannel.open(Path.of(arguments[1]), StandardOpenOption.WRITE)) {
      Outcome outcome =
          new WriteLog(log)
              .cutPower(
                  image,
                  Long.parseLong(arguments[2]),
                  Integer.parseInt(arguments[3]),
                  Integer.parseInt(arguments[4]));
      System.out.printf(
          "seed %s: %,d entries; %,d after the last flush, %,d kept, %,d torn%n",
          arguments[2],
          outcome.entryCount(),
          outcome.entryCount() - outcome.durableCount(),
          outcome.keptCount(),
          outcome.tornCount());
    }
  }
}
