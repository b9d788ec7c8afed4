// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HistoryTest {
  @Test
  void shouldBeTheSameEachTime() {
    for (long step = 1; step < 1000; step++) {
      History history = new History(3);
      assertEquals(history.changes(step), new History(3).changes(step));
      for (History.Change change : history.changes(step)) {
        assertArrayEquals(history.value(change), new History(3).value(change));
      }
    }
  }

  @Test
  void shouldTouchOnlyItsOwnKeysAndBothTables() {
    History history = new History(7);
    Set<String> tables = new HashSet<>();
    for (long step = 1; step < 1000; step++) {
      for (History.Change change : history.changes(step)) {
        assertTrue(change.key().endsWith("/w07"));
        tables.add(change.table());
      }
    }
    assertEquals(Set.copyOf(History.TABLES), tables);
  }
}
