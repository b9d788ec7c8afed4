// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static dev.basalt.engine.SimulationCheck.require;

import dev.basalt.engine.SimulationCoverage.Event;
import dev.basalt.engine.SimulationJournal.Change;
import dev.basalt.engine.SimulationJournal.Commit;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One client of a simulated store: random operations, noted in the journal. In some lives most of
 * them put, in others most of them delete, so that trees grow and shrink.
 */
final class SimulationClient {
  private static final int BATCH_SIZE_MAX = 16;
  private static final int RUN_LENGTH = 30;
  private static final int SAMPLE_STEPS = 8;
  private static final int GET_SIZE_MAX = 8;

  private final Store store;
  private final SimulationLife life;
  private final SimulationShape shape;
  private final SimulationJournal journal;
  private final Random random;
  private final int deletePercent;

  SimulationClient(Store store, SimulationLife life, Random random) {
    this.store = store;
    this.life = life;
    this.random = random;
    shape = life.shape;
    journal = life.journal;
    deletePercent = life.draw.deletePercent();
  }

  /** Runs operations, until the store is poisoned. */
  void run() {
    for (int i = 0; i < life.draw.operations(); i++) {
      try {
        if (i % SAMPLE_STEPS == 0) {
          life.sample(store);
        }
        step();
      } catch (StorePoisonedException e) {
        life.failed(e);
        return;
      } catch (StoreFullException e) {
        refused(e);
      } catch (StoreException e) {
        life.failed(e);
      } finally {
        journal.forget();
      }
    }
  }

  /** An operation may be too large for a small log; it must not find it full for long. */
  private void refused(StoreFullException e) {
    String message = String.valueOf(e.getMessage());
    if (message.startsWith("operation may need")) {
      life.coverage.add(Event.REFUSED_OPERATIONS, 1);
    } else if (message.startsWith("the store is full")) {
      life.coverage.add(Event.FULL_STORES, 1);
    } else {
      life.failed(e);
    }
  }

  private void step() {
    int choice = random.nextInt(100);
    if (choice < 30) {
      changeOne(table(), key(), random.nextInt(100) < deletePercent);
    } else if (choice < 36) {
      changeSome();
    } else if (choice < 70) {
      write();
    } else if (choice < 80) {
      compareAndSet();
    } else if (choice < 92) {
      get();
    } else if (choice < 99) {
      scan();
    } else {
      life.checkpointsRequested++;
      store.checkpoint();
    }
  }

  private void changeOne(Table table, String key, boolean isDelete) {
    String value = isDelete ? null : shape.value(key, random);
    journal.announce(SimulationJournal.one(table.name() + "/" + key, value));
    boolean isLogged = true;
    if (value == null) {
      isLogged = table.delete(bytes(key));
    } else {
      table.put(bytes(key), bytes(value));
    }
    acknowledge(isLogged);
  }

  /** Puts or deletes neighbours one by one: fills leaves, or empties them. */
  private void changeSome() {
    Table table = table();
    boolean isDelete = random.nextInt(100) < deletePercent;
    int first = random.nextInt(shape.keyCount());
    int limit = Math.min(first + RUN_LENGTH, shape.keyCount());
    for (int index = first; index < limit; index++) {
      changeOne(table, shape.key(index), isDelete);
    }
  }

  /** Changes neighbours, or here and there in all tables. */
  private void write() {
    WriteBatch batch = new WriteBatch();
    List<Change> changes = new ArrayList<>();
    int count = 1 + random.nextInt(Math.min(2 * store.batchSizeAdvised() + 2, BATCH_SIZE_MAX));
    boolean isRun = random.nextBoolean();
    boolean isDelete = random.nextInt(100) < deletePercent;
    int first = random.nextInt(shape.keyCount());
    Table table = table();
    for (int i = 0; i < count; i++) {
      Table target = isRun ? table : table();
      String key = isRun ? shape.key((first + i) % shape.keyCount()) : key();
      boolean deletes = isRun ? isDelete : random.nextInt(100) < deletePercent;
      String value = deletes ? null : shape.value(key, random);
      changes.add(new Change(target.name() + "/" + key, value));
      if (value == null) {
        batch.delete(target.name(), bytes(key));
      } else {
        batch.put(target.name(), bytes(key), bytes(value));
      }
    }
    journal.announce(new Commit(changes, false, null));
    store.write(batch);
    acknowledge(true);
  }

  private void compareAndSet() {
    Table table = table();
    String key = key();
    byte[] present = table.get(bytes(key));
    String expected = present == null ? null : text(present);
    String value = shape.value(key, random);
    List<Change> changes = List.of(new Change(table.name() + "/" + key, value));
    journal.announce(new Commit(changes, true, expected));
    boolean isSet = table.compareAndSet(bytes(key), present, bytes(value));
    acknowledge(isSet);
  }

  /** One key, or several by one call. */
  private void get() {
    List<String> keys = new ArrayList<>();
    for (int count = 1 + random.nextInt(GET_SIZE_MAX); count > 0; count--) {
      keys.add(key());
    }
    Table table = table();
    List<byte @Nullable []> found =
        keys.size() == 1
            ? Collections.singletonList(table.get(bytes(keys.getFirst())))
            : table.getAll(keys.stream().map(SimulationClient::bytes).toList());
    for (int i = 0; i < keys.size(); i++) {
      byte[] value = found.get(i);
      require(value == null || text(value).startsWith(keys.get(i) + "="), "a value of another key");
    }
  }

  private void scan() {
    String last = "";
    String from = key();
    int count = random.nextInt(60);
    try (Cursor cursor = table().cursor(Range.from(bytes(from)))) {
      for (int i = 0; i < count && cursor.next(); i++) {
        String key = text(cursor.key());
        require(key.compareTo(from) >= 0 && key.compareTo(last) > 0, "a scan is out of order");
        checkValue(cursor, key);
        last = key;
      }
    }
  }

  private static void checkValue(Cursor cursor, String key) {
    try {
      require(text(cursor.value()).startsWith(key + "="), "a scan gives the value of another key");
    } catch (IllegalStateException e) {
      require(String.valueOf(e.getMessage()).contains("removed"), e.toString());
    }
  }

  private void acknowledge(boolean isLogged) {
    boolean isSync = life.draw.config().durability() instanceof Durability.Sync;
    require(journal.acknowledge(isSync) == isLogged, "logged, but the call says otherwise");
  }

  private Table table() {
    String name = shape.table(random.nextInt(shape.tableCount()));
    if (!store.tables().contains(name)) {
      life.coverage.add(Event.TABLES_UNDER_LOAD, 1);
    }
    return store.table(name);
  }

  private String key() {
    return shape.key(random.nextInt(shape.keyCount()));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte @Nullable [] bytes) {
    return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
  }
}
