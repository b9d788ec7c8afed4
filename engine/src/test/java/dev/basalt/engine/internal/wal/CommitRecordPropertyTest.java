// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class CommitRecordPropertyTest {
  private static final int LOG_TAG = 0x1234567;

  @Property(tries = 200)
  void shouldReadBackWhatWasBuilt(@ForAll long seed, @ForAll @IntRange(max = 40) int count)
      throws LogDamagedException {
    List<Entry> entries = entries(seed, count);
    CommitRecord built = build(entries);
    assertEquals(0, built.lengthBytes() % RecordDescriptor.ALIGNMENT_BYTES);
    LogRecord record = new LogRecord();
    record.set(built.address());
    assertEquals(1000, record.lsn());
    assertEquals(900, record.durableLsn());
    assertEquals(7, record.commitSequence());
    assertEquals(3, record.epoch());
    assertEquals(RecordType.COMMIT, record.type());
    CommitEntries cursor = new CommitEntries();
    record.entries(cursor);
    for (Entry entry : entries) {
      assertTrue(cursor.next());
      assertEquals(entry.kind, cursor.kind());
      assertEquals(entry.table, cursor.table());
      assertEquals(entry.runLsn, cursor.runLsn());
      assertArrayEquals(entry.key, bytes(cursor.keyAddress(), cursor.keyBytes()));
      assertArrayEquals(entry.value, bytes(cursor.valueAddress(), cursor.valueBytes()));
    }
    assertFalse(cursor.next());
  }

  @Property(tries = 300)
  void shouldNoticeAFlippedBit(@ForAll long seed, @ForAll @IntRange(max = 10) int count) {
    CommitRecord built = build(entries(seed, count));
    int bit = new Random(seed).nextInt(built.lengthBytes() * 8);
    long at = built.address() + bit / 8;
    WalMemory.putByte(at, WalMemory.getByte(at) ^ 1 << bit % 8);
    int stored = WalMemory.getInt(built.address() + RecordDescriptor.CHECKSUM_OFFSET);
    int length = WalMemory.getInt(built.address() + RecordDescriptor.LENGTH_OFFSET);
    ByteBuffer view = WalMemory.view(built.address(), built.lengthBytes());
    boolean isWhole =
        length == built.lengthBytes()
            && LogRecord.checksum(new CRC32C(), view, 0, length, LOG_TAG) == stored;
    assertFalse(isWhole, "bit " + bit);
  }

  @Property(tries = 500)
  void shouldNeverLeaveTheRecordHoweverDamaged(
      @ForAll long seed, @ForAll @IntRange(max = 10) int count) {
    CommitRecord built = build(entries(seed, count));
    Random random = new Random(seed);
    long payload = built.address() + RecordDescriptor.HEADER_BYTES;
    int payloadBytes = built.lengthBytes() - RecordDescriptor.HEADER_BYTES;
    for (int i = random.nextInt(4); i >= 0; i--) {
      WalMemory.putByte(payload + random.nextInt(payloadBytes), random.nextInt(256));
    }
    LogRecord record = new LogRecord();
    record.set(built.address());
    long end = built.address() + built.lengthBytes();
    try {
      CommitEntries cursor = new CommitEntries();
      record.entries(cursor);
      while (cursor.next()) {
        assertTrue(cursor.keyAddress() >= payload);
        assertTrue(cursor.valueAddress() + cursor.valueBytes() <= end);
      }
    } catch (LogDamagedException e) {
      assertEquals(1000, e.lsn());
    }
  }

  private static CommitRecord build(List<Entry> entries) {
    CommitRecord record = new CommitRecord(16);
    for (Entry entry : entries) {
      MemorySegment key = MemorySegment.ofArray(entry.key);
      MemorySegment value = MemorySegment.ofArray(entry.value);
      switch (entry.kind) {
        case RecordType.PUT -> record.put(entry.table, key, value);
        case RecordType.DELETE -> record.delete(entry.table, key);
        default -> record.putOverflow(entry.table, key, value, entry.runLsn);
      }
    }
    record.seal();
    record.complete(1000, 900, 7, 3, LOG_TAG);
    return record;
  }

  private static List<Entry> entries(long seed, int count) {
    Random random = new Random(seed);
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int kind = RecordType.PUT + random.nextInt(3);
      byte[] key = new byte[random.nextInt(40)];
      byte[] value = new byte[kind == RecordType.DELETE ? 0 : random.nextInt(300)];
      random.nextBytes(key);
      random.nextBytes(value);
      long run = kind == RecordType.PUT_OVERFLOW ? random.nextLong() : 0;
      entries.add(new Entry(kind, random.nextLong(), run, key, value));
    }
    return entries;
  }

  private static byte[] bytes(long address, int length) {
    return WalMemory.segment(address, length).toArray(ValueLayout.JAVA_BYTE);
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Entry(int kind, long table, long runLsn, byte[] key, byte[] value) {}
}
