// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class SuperblockTest {
  private static final StoreLayout LAYOUT =
      StoreLayout.create(LogLife.STORE_ID, 8192, 1 << 20, 1000);
  private static final CheckpointState STATE =
      new CheckpointState(5000, 6000, 7000, 9, 8, 77, false);

  private final MemorySegment memory =
      Arena.ofAuto().allocate(SuperblockDescriptor.LENGTH_BYTES, 4096);
  private final long address = memory.address();

  @Test
  void shouldFillTheLayout() {
    assertEquals(512, SuperblockDescriptor.LENGTH_BYTES);
    assertEquals(
        SuperblockDescriptor.USED_BYTES, SuperblockDescriptor.COMMIT_SEQUENCE_OFFSET + Long.BYTES);
    assertEquals(SuperblockDescriptor.PAGE_BYTES_OFFSET, SuperblockDescriptor.STORE_ID_OFFSET + 16);
    assertEquals("BASALTDB", magic());
  }

  @Test
  void shouldDecodeWhatItEncoded() {
    Superblock superblock = new Superblock(6, LAYOUT, STATE);
    superblock.encode(address);
    assertEquals(new Superblock.Copy.Valid(superblock), Superblock.decode(address, 0));
  }

  @Test
  void shouldNoticeEveryFlippedBit() {
    new Superblock(6, LAYOUT, STATE).encode(address);
    for (int bit = 0; bit < SuperblockDescriptor.LENGTH_BYTES * 8; bit++) {
      flip(bit);
      Superblock.Copy copy = Superblock.decode(address, 0);
      boolean isNoticed =
          copy instanceof Superblock.Copy.Damaged || copy instanceof Superblock.Copy.Foreign;
      assertTrue(isNoticed, "bit " + bit + ": " + copy);
      flip(bit);
    }
  }

  @Test
  void shouldCallOtherContentForeignAndNoneBlank() {
    assertEquals(new Superblock.Copy.Blank(), Superblock.decode(address, 0));
    memory.setString(0, "SQLite format 3");
    assertInstanceOf(Superblock.Copy.Foreign.class, Superblock.decode(address, 0));
  }

  @Test
  void shouldRefuseANewerFormat() {
    new Superblock(6, LAYOUT, STATE).encode(address);
    WalMemory.putInt(address + SuperblockDescriptor.VERSION_OFFSET, 2);
    reseal();
    assertEquals(new Superblock.Copy.Newer(2), Superblock.decode(address, 0));
    assertEquals(
        new SuperblockArea.Outcome.Newer(2),
        SuperblockArea.choose(Superblock.decode(address, 0), new Superblock.Copy.Blank()));
  }

  @Test
  void shouldRefuseImplausibleFieldsUnderARightChecksum() {
    for (int offset :
        new int[] {
          SuperblockDescriptor.PAGE_BYTES_OFFSET,
          SuperblockDescriptor.LOG_LENGTH_OFFSET,
          SuperblockDescriptor.PAGE_AREA_OFFSET,
          SuperblockDescriptor.REDO_LSN_OFFSET,
          SuperblockDescriptor.SEQUENCE_OFFSET
        }) {
      new Superblock(6, LAYOUT, STATE).encode(address);
      WalMemory.putInt(address + offset, 12_345_677);
      reseal();
      assertInstanceOf(Superblock.Copy.Damaged.class, Superblock.decode(address, 0), "" + offset);
    }
  }

  @Test
  void shouldChooseTheNewest() {
    Superblock older = new Superblock(6, LAYOUT, STATE);
    Superblock newer = new Superblock(7, LAYOUT, STATE);
    SuperblockArea.Outcome.Found found =
        assertInstanceOf(
            SuperblockArea.Outcome.Found.class,
            SuperblockArea.choose(
                new Superblock.Copy.Valid(older), new Superblock.Copy.Valid(newer)));
    assertEquals(newer, found.superblock());
    assertNull(found.damagedCopy());
    assertEquals(10, found.epochNext());
  }

  @Test
  void shouldFallBackAndSkipAnEpochWhenACopyIsDamaged() {
    SuperblockArea.Outcome.Found found =
        assertInstanceOf(
            SuperblockArea.Outcome.Found.class,
            SuperblockArea.choose(
                new Superblock.Copy.Valid(new Superblock(6, LAYOUT, STATE)),
                new Superblock.Copy.Damaged("a flipped bit")));
    assertTrue(found.fellBack());
    assertEquals(11, found.epochNext());
  }

  @Test
  void shouldRefuseCopiesThatDoNotBelongTogether() {
    Superblock first = new Superblock(6, LAYOUT, STATE);
    assertInstanceOf(
        SuperblockArea.Outcome.Damaged.class,
        SuperblockArea.choose(
            new Superblock.Copy.Valid(first),
            new Superblock.Copy.Valid(new Superblock(9, LAYOUT, STATE))));
    assertFalse(STATE.reopened(10).clean());
  }

  private void flip(int bit) {
    long at = address + bit / 8;
    WalMemory.putByte(at, WalMemory.getByte(at) ^ 1 << bit % 8);
  }

  private void reseal() {
    CRC32C crc = new CRC32C();
    int from = SuperblockDescriptor.VERSION_OFFSET;
    crc.update(WalMemory.view(address + from, SuperblockDescriptor.LENGTH_BYTES - from));
    WalMemory.putInt(address + SuperblockDescriptor.CHECKSUM_OFFSET, (int) crc.getValue());
  }

  private static String magic() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      text.append((char) (SuperblockDescriptor.MAGIC >>> 8 * i & 0xff));
    }
    return text.toString();
  }
}
