// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One client of a tortured store: changes keys no other client changes, so it knows what they hold
 * at any moment, and reads those of all.
 */
final class TortureClient {
  private static final int KEY_COUNT = 2_500;
  static final int CLIENT_COUNT = 4;
  private static final int BATCH_CHANGES_MAX = 6;
  private static final int CHECKPOINT_INTERVAL = 5_000;
  private static final List<String> TABLES = List.of("a", "b");

  private final int number;
  private final Random random;
  private final Map<String, NavigableMap<String, byte[]>> models = new HashMap<>();

  /** The changes of a call that has not returned, by table and key; null removes the key. */
  private final Map<Place, byte @Nullable []> underWay = new HashMap<>();

  private record Place(String table, String key) {}

  TortureClient(int number, long seed) {
    this.number = number;
    random = new Random(seed * 31 + number);
    TABLES.forEach(table -> models.put(table, new TreeMap<>()));
  }

  /** Works until a time or until the store is closed under it, which leaves a call in doubt. */
  void run(Store store, long deadline) {
    try {
      while (System.nanoTime() < deadline) {
        step(store);
        settle();
      }
    } catch (StoreClosedException e) {
      assertTrue(String.valueOf(e.getMessage()).contains("closed"), e.toString());
    }
  }

  /** Compares all keys, by gets and by scans both ways; returns how many there are. */
  long check(Store store) {
    resolve(store);
    long count = 0;
    for (String table : TABLES) {
      NavigableMap<String, byte[]> model = model(table);
      for (int i = 0; i < KEY_COUNT; i++) {
        String key = key(number, i);
        assertArrayEquals(model.get(key), store.table(table).get(bytes(key)), table + "/" + key);
      }
      scan(store.table(table), true);
      scan(store.table(table), false);
      count += model.size();
    }
    return count;
  }

  /** A call that was cut off has taken place as a whole or not at all. */
  private void resolve(Store store) {
    boolean isOld = true;
    boolean isNew = true;
    for (Map.Entry<Place, byte @Nullable []> change : underWay.entrySet()) {
      Place place = change.getKey();
      byte[] found = store.table(place.table).get(bytes(place.key));
      isOld &= Arrays.equals(found, model(place.table).get(place.key));
      isNew &= Arrays.equals(found, change.getValue());
    }
    assertTrue(isOld || isNew, () -> "there in part: " + underWay.keySet());
    if (isNew) {
      settle();
    }
    underWay.clear();
  }

  private void step(Store store) {
    int choice = random.nextInt(100);
    if (choice < 35) {
      put(store);
    } else if (choice < 53) {
      delete(store);
    } else if (choice < 65) {
      write(store);
    } else if (choice < 77) {
      compareAndSet(store);
    } else if (choice < 95) {
      get(store);
    } else if (choice < 98) {
      getOfOther(store);
    } else if (choice < 99) {
      scan(store.table(table()), random.nextBoolean());
    } else if (random.nextInt(CHECKPOINT_INTERVAL / 100) == 0) {
      store.checkpoint();
    }
  }

  private void put(Store store) {
    Place place = place();
    byte[] value = value(place.key);
    underWay.put(place, value);
    store.table(place.table).put(bytes(place.key), value);
  }

  private void delete(Store store) {
    Place place = place();
    underWay.put(place, null);
    boolean wasThere = store.table(place.table).delete(bytes(place.key));
    assertEquals(model(place.table).containsKey(place.key), wasThere, place.toString());
  }

  private void write(Store store) {
    WriteBatch batch = new WriteBatch();
    for (int i = random.nextInt(BATCH_CHANGES_MAX); i >= 0; i--) {
      Place place = place();
      byte[] value = random.nextInt(3) == 0 ? null : value(place.key);
      underWay.put(place, value);
      if (value == null) {
        batch.delete(place.table, bytes(place.key));
      } else {
        batch.put(place.table, bytes(place.key), value);
      }
    }
    store.write(batch);
  }

  private void compareAndSet(Store store) {
    Place place = place();
    byte[] value = value(place.key);
    byte[] present = model(place.table).get(place.key);
    Table table = store.table(place.table);
    if (random.nextInt(4) == 0) {
      assertFalse(table.compareAndSet(bytes(place.key), bytes("another value"), value));
    } else {
      underWay.put(place, value);
      assertTrue(table.compareAndSet(bytes(place.key), present, value), place.toString());
    }
  }

  private void get(Store store) {
    Place place = place();
    byte[] found = store.table(place.table).get(bytes(place.key));
    assertArrayEquals(model(place.table).get(place.key), found, place.toString());
  }

  private void getOfOther(Store store) {
    String key = key(random.nextInt(CLIENT_COUNT), random.nextInt(KEY_COUNT));
    byte[] found = store.table(table()).get(bytes(key));
    assertTrue(found == null || startsWithKey(found, key), "the value of another key: " + key);
  }

  /** Its keys do not change while it scans: a scan has to find them all, with their values. */
  private void scan(Table table, boolean isForward) {
    NavigableMap<String, byte[]> model = model(table.name());
    Iterator<Map.Entry<String, byte[]>> expected =
        (isForward ? model : model.descendingMap()).entrySet().iterator();
    try (Cursor cursor = table.cursor(Range.prefix(bytes(prefix(number))))) {
      while (isForward ? cursor.next() : cursor.previous()) {
        assertTrue(expected.hasNext(), "too many keys in a scan");
        Map.Entry<String, byte[]> entry = expected.next();
        assertEquals(entry.getKey(), new String(cursor.key(), StandardCharsets.UTF_8));
        assertArrayEquals(entry.getValue(), cursor.value(), entry.getKey());
      }
    }
    assertFalse(expected.hasNext(), "keys are missing in a scan");
  }

  /** Notes that the call has returned. */
  private void settle() {
    for (Map.Entry<Place, byte @Nullable []> change : underWay.entrySet()) {
      Place place = change.getKey();
      byte[] value = change.getValue();
      if (value == null) {
        model(place.table).remove(place.key);
      } else {
        model(place.table).put(place.key, value);
      }
    }
    underWay.clear();
  }

  private NavigableMap<String, byte[]> model(String table) {
    NavigableMap<String, byte[]> model = models.get(table);
    if (model == null) {
      throw new AssertionError("no table " + table);
    }
    return model;
  }

  private Place place() {
    return new Place(table(), key(number, random.nextInt(KEY_COUNT)));
  }

  private String table() {
    return TABLES.get(random.nextInt(TABLES.size()));
  }

  private static String prefix(int number) {
    return "client-" + number + "/";
  }

  private static String key(int number, int index) {
    return prefix(number) + index + "-".repeat(index % 7 * 5);
  }

  /** Within a leaf, most of a leaf, or overflow pages; begins with the key where it has room. */
  private byte[] value(String key) {
    int roll = random.nextInt(100);
    int limit = roll < 75 ? 200 : roll < 96 ? 2_000 : 24_000;
    byte[] value = new byte[random.nextInt(limit)];
    random.nextBytes(value);
    byte[] start = bytes(key);
    System.arraycopy(start, 0, value, 0, Math.min(start.length, value.length));
    return value;
  }

  private static boolean startsWithKey(byte[] value, String key) {
    byte[] start = bytes(key);
    int length = Math.min(start.length, value.length);
    return Arrays.equals(value, 0, length, start, 0, length);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
