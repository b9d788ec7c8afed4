// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** End or damage: what the reader makes of a log, each way in which it can be hurt. */
class LogReaderTest {
  private static final long LOG_BYTES = 1 << 18;
  private static final int FILL_BYTES = 432;
  private static final int RECORD_BYTES = 512;
  private static final long LOG_LBA = StoreLayout.LOG_OFFSET_BYTES / 512;
  private static final SimulationPlan PLAN =
      SimulationPlan.of(1).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));

  private SimulatedDevice device =
      new SimulatedDevice(SimulatedGeometry.of(2 << 20), PLAN, Execution.threads());

  @Test
  void shouldReadAnEmptyLogToItsBegin() throws IOException {
    open().close();
    try (LogLife life = open()) {
      assertEquals(LogRegion.LSN_FIRST, life.end.endLsn());
      assertEquals(List.of(), life.recovered);
    }
  }

  @Test
  void shouldReadEveryCommitInOrder() throws IOException {
    fill(1, 100);
    try (LogLife life = open()) {
      assertEquals(numbers(1, 100), life.recovered);
      assertEquals(LogRegion.LSN_FIRST + 100 * RECORD_BYTES, life.end.endLsn());
      assertEquals(100, life.end.commitSequence());
      assertEquals(1, life.end.epoch());
    }
  }

  @Test
  void shouldContinueBehindTheEndInTheNextLife() throws IOException {
    fill(1, 10);
    fill(11, 20);
    try (LogLife life = open()) {
      assertEquals(numbers(1, 20), life.recovered);
      assertEquals(2, life.end.epoch());
      assertEquals(20, life.end.commitSequence());
    }
  }

  @Test
  void shouldRefuseDamageInTheMiddle() throws IOException {
    fill(1, 50);
    device.flipBit(lba(20), 777);
    LogDamagedException e = assertThrows(LogDamagedException.class, this::open);
    assertEquals(lsn(20), e.lsn());
    assertTrue(String.valueOf(e.getMessage()).contains("wrong checksum"), e.getMessage());
  }

  @Test
  void shouldRefuseADamagedHeaderInTheMiddle() throws IOException {
    fill(1, 50);
    device.flipBit(lba(20), 8 * RecordDescriptor.LENGTH_OFFSET + 29);
    assertEquals(lsn(20), assertThrows(LogDamagedException.class, this::open).lsn());
  }

  @Test
  void shouldRefuseALogThatEndsBeforeTheSuperblocksDurableLsn() throws IOException {
    try (LogLife life = open()) {
      CommitRecord held = LogLife.commit(1, FILL_BYTES);
      life.wal.append(held); // in flight: holds the redo point
      life.wal.awaitDurable(life.append(2, FILL_BYTES));
      Superblock superblock = life.checkpoint();
      assertEquals(lsn(0), superblock.checkpoint().redoLsn());
      assertEquals(lsn(2), superblock.checkpoint().beginLsn());
    }
    device.flipBit(lba(1), 5);
    LogDamagedException e = assertThrows(LogDamagedException.class, this::open);
    assertTrue(String.valueOf(e.getMessage()).contains("superblock"), e.getMessage());
  }

  /** The documented limit: nothing witnesses that the very last group was durable. */
  @Test
  void shouldTakeDamageOfTheLastGroupForTheEnd() throws IOException {
    fill(1, 50);
    device.flipBit(lba(49), 777);
    try (LogLife life = open()) {
      assertEquals(numbers(1, 49), life.recovered);
    }
  }

  @Test
  void shouldEndAtAGhostOfAnEarlierEpoch() throws IOException {
    leaveGhost();
  }

  @Test
  void shouldEndAtAGhostRightAtTheRedoPoint() throws IOException {
    leaveGhost();
    byte[] ghost = device.readBlock(lba(2));
    try (LogLife life = open()) {
      life.checkpoint();
    }
    restore(lba(2), ghost);
    try (LogLife life = open()) {
      assertEquals(lsn(2), life.start.redoLsn());
      assertEquals(List.of(), life.recovered);
    }
  }

  @Test
  void shouldIgnoreRecordsOfAnotherStore() throws IOException {
    fill(1, 5);
    byte[] foreign = device.readBlock(lba(0));
    foreign[RecordDescriptor.CHECKSUM_OFFSET] ^= 1; // the tag differs, hence the checksum
    restore(lba(0), foreign);
    assertThrows(LogDamagedException.class, this::open);
  }

  @Test
  void shouldFallBackToTheOtherSuperblockWhileTheLogIsWhole() throws IOException {
    fill(1, 10);
    damageNewestSuperblock();
    try (LogLife life = open()) {
      assertEquals(numbers(1, 10), life.recovered);
      life.wal.awaitDurable(life.append(11, FILL_BYTES));
    }
    try (LogLife life = open()) {
      assertEquals(numbers(1, 11), life.recovered);
    }
  }

  @Test
  void shouldRefuseToFallBackOnceTheLogWasReused() throws IOException {
    try (LogLife life = open()) {
      for (int i = 1; i <= 2_000; i++) {
        long lsn = life.append(i, FILL_BYTES);
        if (i % 200 == 0) {
          life.wal.awaitDurable(lsn);
          life.checkpoint();
        }
      }
      for (int i = 2_001; i <= 2_450; i++) {
        life.wal.awaitDurable(life.append(i, FILL_BYTES));
      }
    }
    damageNewestSuperblock();
    assertThrows(LogDamagedException.class, this::open);
  }

  @Test
  void shouldRefuseForeignContentAndFormatBlankDevices() throws IOException {
    device.flipBit(2, 3); // where ext file systems begin
    IOException e = assertThrows(IOException.class, this::open);
    assertTrue(String.valueOf(e.getMessage()).contains("byte 0"), e.getMessage());
  }

  /** A record of the first life right behind the one record of the second. */
  private void leaveGhost() throws IOException {
    fill(1, 3);
    byte[] ghost = device.readBlock(lba(2));
    device.flipBit(lba(1), 99); // as if the second write had been lost, and the third not
    overwriteDurableLsn();
    try (LogLife life = open()) {
      assertEquals(List.of(1L), life.recovered);
      life.wal.awaitDurable(life.append(4, FILL_BYTES));
    }
    restore(lba(2), ghost);
    try (LogLife life = open()) {
      assertEquals(List.of(1L, 4L), life.recovered);
      assertEquals("a record of an earlier epoch", life.end.reason());
    }
  }

  private LogLife open() throws IOException {
    device = device.afterProcessEnd(PLAN, Execution.threads());
    return LogLife.open(device, LOG_BYTES, WalConfig.defaults(), Execution.threads());
  }

  private void fill(long first, long last) throws IOException {
    try (LogLife life = open()) {
      for (long number = first; number <= last; number++) {
        life.wal.awaitDurable(life.append(number, FILL_BYTES));
      }
    }
  }

  private void damageNewestSuperblock() throws IOException {
    long first = sequence(0);
    long second = sequence(SuperblockDescriptor.STRIDE_BYTES / 512);
    device.flipBit(first > second ? 0 : SuperblockDescriptor.STRIDE_BYTES / 512, 1234);
  }

  private long sequence(long lba) {
    return device.readBlock(lba)[SuperblockDescriptor.SEQUENCE_OFFSET];
  }

  /** Makes the last record look as if it had been in flight together with the others. */
  private void overwriteDurableLsn() {
    byte[] bytes = device.readBlock(lba(2));
    assertInstanceOf(byte[].class, bytes);
    for (int bit = 0; bit < 8; bit++) {
      int durable = RecordDescriptor.DURABLE_LSN_OFFSET + 1;
      if ((bytes[durable] >>> bit & 1) != 0) {
        device.flipBit(lba(2), 8 * durable + bit);
      }
    }
  }

  private void restore(long lba, byte[] content) {
    byte[] now = device.readBlock(lba);
    for (int bit = 0; bit < 8 * now.length; bit++) {
      if (((now[bit / 8] ^ content[bit / 8]) >>> bit % 8 & 1) != 0) {
        device.flipBit(lba, bit);
      }
    }
  }

  private static List<Long> numbers(long first, long last) {
    return LongStream.rangeClosed(first, last).boxed().toList();
  }

  private static long lsn(int index) {
    return LogRegion.LSN_FIRST + (long) index * RECORD_BYTES;
  }

  private static long lba(int index) {
    return LOG_LBA + lsn(index) / 512;
  }
}
