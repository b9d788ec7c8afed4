// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.Cursor;
import dev.basalt.engine.Range;
import dev.basalt.engine.Store;
import dev.basalt.engine.StoreConfig;
import dev.basalt.engine.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The check that follows a kill must see what it is there for. */
class CrashTestIT {
  private static final StoreConfig CONFIG =
      StoreConfig.builder()
          .device("ram:256MiB")
          .poolBytes(8 << 20)
          .logBytes(8 << 20)
          .storeBytesMax(1 << 28)
          .build();

  private static final int STEP_COUNT = 500;

  @TempDir private Path directory;

  @Test
  void shouldFindNothingWrongAfterWhatWasAcknowledged() throws IOException {
    try (Store store = Store.open(CONFIG)) {
      performSteps(store, STEP_COUNT);
      assertEquals(List.of(), check(store, STEP_COUNT));
    }
  }

  @Test
  void shouldAllowTheStepUnderWay() throws IOException {
    try (Store store = Store.open(CONFIG)) {
      performSteps(store, STEP_COUNT + 1);
      assertEquals(List.of(), check(store, STEP_COUNT));
    }
  }

  @Test
  void shouldFindALostWrite() throws IOException {
    try (Store store = Store.open(CONFIG)) {
      performSteps(store, STEP_COUNT);
      assertFalse(check(store, STEP_COUNT + 20).isEmpty());
    }
  }

  @Test
  void shouldFindARemovedAndAChangedValue() throws IOException {
    try (Store store = Store.open(CONFIG)) {
      performSteps(store, STEP_COUNT);
      Table table = store.table(History.TABLES.getFirst());
      byte[] key = lastKey(table);
      byte[] value = Objects.requireNonNull(table.get(key));
      table.delete(key);
      assertFalse(check(store, STEP_COUNT).isEmpty());
      table.put(key, new byte[] {1, 2, 3});
      assertFalse(check(store, STEP_COUNT).isEmpty());
      table.put(key, value);
      assertEquals(List.of(), check(store, STEP_COUNT));
    }
  }

  @Test
  void shouldGoOnWhereItEnded() throws IOException, InterruptedException {
    Path acknowledged = directory.resolve("acknowledged");
    try (Store store = Store.open(CONFIG)) {
      long first = new CrashTest(store, acknowledged).write(3, 1);
      CrashTest again = new CrashTest(store, acknowledged);
      assertEquals(first, again.acknowledgedCount());
      assertEquals(List.of(), again.check(3));
      again.write(3, 1);
      assertEquals(List.of(), again.check(3));
    }
  }

  private static void performSteps(Store store, int count) {
    for (int step = 1; step <= count; step++) {
      new History(0).perform(store, step);
    }
  }

  private List<String> check(Store store, int lastStep) throws IOException {
    Path acknowledged = directory.resolve("acknowledged");
    Files.writeString(acknowledged, "0\t" + lastStep + "\n");
    return new CrashTest(store, acknowledged).check(1);
  }

  private static byte[] lastKey(Table table) {
    try (Cursor cursor = table.cursor(Range.all())) {
      assertTrue(cursor.previous());
      return cursor.key();
    }
  }
}
