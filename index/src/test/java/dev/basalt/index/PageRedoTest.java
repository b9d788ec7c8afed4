// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.internal.ChangeKind;
import dev.basalt.index.internal.IndexMemory;
import dev.basalt.index.internal.PageDelta;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Records that cannot be: each is reported with where it is, what page and what kind. */
@Timeout(60)
final class PageRedoTest {
  private static final long LSN = 1L << 40;
  private static final int KEY_COUNT = 2_000;
  private static final int RECORD_COUNT = 4_000;

  @Test
  void shouldReportADeltaThatDoesNotFitItsPage() throws IOException {
    try (TreeFixture fixture = filled()) {
      long root = fixture.tree.rootId();
      assertReported(fixture, ChangeKind.DROP_CHILD, root, 8 + 3, "no separator to drop");
      assertReported(fixture, ChangeKind.DROP_CHILD, 0, 8 + 3, "no node");
      assertReported(fixture, ChangeKind.UNLINK, root, 8 + 3, "level");
      assertReported(fixture, ChangeKind.MOVE_SEPARATOR, root, 8 + 3, "bytes");
      assertReported(fixture, ChangeKind.MAP_SET, root, 16, "no space map");
      assertReported(fixture, ChangeKind.MAP_SET, 0, 16, "not of its group");
      assertReported(fixture, ChangeKind.MAP_SET, 0, 20, "not of its group");
      assertReported(fixture, ChangeKind.CUT, root, 4, "bytes");
      assertReported(fixture, 15, root, 8, "no such kind");
    }
  }

  @Test
  void shouldReportALengthThatCannotBe() {
    assertNextReported(ChangeKind.RUN_START, 24, 24, "24 bytes");
    assertNextReported(ChangeKind.RUN_END, 4, 4, "4 bytes");
    assertNextReported(ChangeKind.LOAD, 0, 0, "0 bytes");
    assertNextReported(ChangeKind.CUT, 40, 24, "40 bytes, more than are left of the record");
    assertNextReported(ChangeKind.CUT, -8, 24, "-8 bytes, more than are left of the record");
  }

  /** Reads an entry that says it is of another length than it is. */
  private static void assertNextReported(int kind, int saidBytes, int payloadBytes, String found) {
    StructureChange change = new StructureChange(TreeFixture.PAGE);
    change.addPayload(kind, 7, 0, payloadBytes);
    try (Arena arena = Arena.ofConfined()) {
      long record = arena.allocate(change.lengthBytes(), 8).address();
      change.encode(record, LSN);
      IndexMemory.putInt(record + StructureChange.HEADER_BYTES + 12, saidBytes);
      PageRedo redo = new PageRedo(TreeFixture.PAGE);
      redo.wrap(record, change.lengthBytes(), LSN);
      DamagedRecordException e = assertThrows(DamagedRecordException.class, redo::next);
      String message = String.valueOf(e.getMessage());
      assertTrue(message.endsWith("kind " + kind + " of page 7: " + found), message);
    }
  }

  private static void assertReported(
      TreeFixture fixture, int kind, long pageId, int payloadBytes, String found)
      throws IOException {
    DamagedRecordException e =
        assertThrows(
            DamagedRecordException.class, () -> redo(fixture, kind, pageId, payloadBytes, 0x5a));
    assertEquals(LSN, e.lsn());
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("LSN " + LSN), message);
    assertTrue(message.contains("kind " + kind + " of page " + pageId), message);
    assertTrue(message.contains(found), message);
  }

  @Test
  void shouldSurviveAnyDelta() throws IOException {
    Random random = new Random(9);
    int reported = 0;
    try (TreeFixture fixture = filled()) {
      for (int i = 0; i < RECORD_COUNT; i++) {
        int kind = ChangeKind.CUT + random.nextInt(ChangeKind.MAP_CLEAR - ChangeKind.CUT + 1);
        long page = random.nextInt(20);
        try {
          redo(fixture, kind, page, random.nextInt(80), random.nextInt(3) * 255 / 2);
        } catch (DamagedRecordException e) {
          reported++;
        }
      }
    }
    assertTrue(reported > RECORD_COUNT / 4, reported + " reported");
  }

  private static TreeFixture filled() throws IOException {
    TreeFixture fixture = TreeFixture.inMemory(512);
    for (int i = 0; i < KEY_COUNT; i++) {
      fixture.put(TreeFixture.bytes(i), new byte[40]);
    }
    return fixture;
  }

  /** Redoes a delta with a payload of one byte on a copy of a page. */
  private static void redo(TreeFixture fixture, int kind, long pageId, int payloadBytes, int filler)
      throws IOException {
    StructureChange change = new StructureChange(TreeFixture.PAGE);
    try (Arena arena = Arena.ofConfined()) {
      long page = arena.allocate(TreeFixture.PAGE + IndexMemory.SLACK_BYTES, 4096).address();
      fixture.pool.latchShared(pageId);
      IndexMemory.copy(fixture.pool.address(pageId), page, TreeFixture.PAGE);
      fixture.pool.unlatchShared(pageId);
      long payload = change.addPayload(kind, pageId, PageHeader.structureLsn(page), payloadBytes);
      for (int i = 0; i < payloadBytes; i++) {
        IndexMemory.putByte(payload + i, i < PageDelta.KEY_OFFSET ? filler / 2 : filler);
      }
      long record = arena.allocate(change.lengthBytes(), 8).address();
      change.encode(record, LSN);
      PageRedo redo = new PageRedo(TreeFixture.PAGE);
      redo.wrap(record, change.lengthBytes(), LSN);
      assertTrue(redo.next());
      redo.redo(page, true);
    }
  }
}
