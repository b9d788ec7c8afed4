// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.SimulationJournal.Change;
import dev.basalt.engine.SimulationJournal.Commit;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** One client of a simulated store: random operations on few keys, noted in the journal. */
final class SimulationClient {
  private static final int KEY_COUNT = 120;
  private static final List<String> TABLES = List.of("a", "b");

  private final Store store;
  private final SimulationJournal journal;
  private final Random random;
  private final boolean isSync;

  SimulationClient(Store store, SimulationJournal journal, Random random, boolean isSync) {
    this.store = store;
    this.journal = journal;
    this.random = random;
    this.isSync = isSync;
  }

  /** Returns all keys there may be. */
  static List<String> keys() {
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < KEY_COUNT; i++) {
      keys.add(key(i));
    }
    return keys;
  }

  void run(int operations) {
    for (int i = 0; i < operations; i++) {
      step();
    }
  }

  private void step() {
    int choice = random.nextInt(100);
    if (choice < 45) {
      put();
    } else if (choice < 65) {
      delete();
    } else if (choice < 80) {
      write();
    } else if (choice < 90) {
      compareAndSet();
    } else if (choice < 97) {
      get();
    } else if (choice < 99) {
      scan();
    } else {
      store.checkpoint();
    }
  }

  private void put() {
    String table = table();
    String key = key();
    String value = value(key);
    announce(SimulationJournal.one(table + "/" + key, value));
    store.table(table).put(bytes(key), bytes(value));
    acknowledge(true);
  }

  private void delete() {
    String table = table();
    String key = key();
    announce(SimulationJournal.one(table + "/" + key, null));
    boolean wasThere = store.table(table).delete(bytes(key));
    acknowledge(wasThere);
  }

  private void write() {
    WriteBatch batch = new WriteBatch();
    List<Change> changes = new ArrayList<>();
    int count = 1 + random.nextInt(5);
    for (int i = 0; i < count; i++) {
      String table = table();
      String key = key();
      String value = random.nextInt(3) == 0 ? null : value(key);
      changes.add(new Change(table + "/" + key, value));
      if (value == null) {
        batch.delete(table, bytes(key));
      } else {
        batch.put(table, bytes(key), bytes(value));
      }
    }
    store.table("a");
    store.table("b");
    announce(new Commit(changes, false, null));
    store.write(batch);
    acknowledge(true);
  }

  private void compareAndSet() {
    Table table = store.table(table());
    String key = key();
    byte[] present = table.get(bytes(key));
    String expected = present == null ? null : text(present);
    String value = value(key);
    List<Change> changes = List.of(new Change(table.name() + "/" + key, value));
    announce(new Commit(changes, true, expected));
    boolean isSet = table.compareAndSet(bytes(key), present, bytes(value));
    acknowledge(isSet);
  }

  private void get() {
    String key = key();
    byte[] found = store.table(table()).get(bytes(key));
    SimulationCheck.require(
        found == null || text(found).startsWith(key + "="), "a value of another key");
  }

  private void scan() {
    String last = "";
    String from = key();
    try (Cursor cursor = store.table(table()).cursor(Range.from(bytes(from)))) {
      for (int i = 0; i < 20 && cursor.next(); i++) {
        String key = text(cursor.key());
        SimulationCheck.require(
            key.compareTo(from) >= 0 && key.compareTo(last) > 0, "a scan is out of order");
        checkValue(cursor, key);
        last = key;
      }
    }
  }

  private static void checkValue(Cursor cursor, String key) {
    try {
      SimulationCheck.require(
          text(cursor.value()).startsWith(key + "="), "a scan gives the value of another key");
    } catch (IllegalStateException e) {
      SimulationCheck.require(String.valueOf(e.getMessage()).contains("removed"), e.toString());
    }
  }

  private void announce(Commit commit) {
    store.table("a");
    store.table("b");
    journal.announce(commit);
  }

  private void acknowledge(boolean isLogged) {
    SimulationCheck.require(
        journal.acknowledge(isSync) == isLogged, "logged, but the call says otherwise");
  }

  private String table() {
    return TABLES.get(random.nextInt(TABLES.size()));
  }

  private String key() {
    return key(random.nextInt(KEY_COUNT));
  }

  private static String key(int index) {
    return "key-" + index + "-".repeat(index % 7 * 5);
  }

  private String value(String key) {
    int length =
        switch (random.nextInt(16)) {
          case 0 -> random.nextInt(20_000);
          case 1, 2, 3 -> random.nextInt(850);
          default -> random.nextInt(60);
        };
    return key + "=" + random.nextInt() + "x".repeat(length);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte @Nullable [] bytes) {
    return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
  }
}
