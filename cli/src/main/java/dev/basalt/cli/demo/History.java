// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.demo;

import dev.basalt.engine.Store;
import dev.basalt.engine.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The endless list of steps of one writer, each computed from the writer's number and its own:
 * puts, deletes and atomic batches over two tables, on keys no other writer touches. The keys of
 * all writers are side by side, and many steps are where those of the others are, so that writers
 * contend for leaves.
 *
 * <p>So a log of acknowledgements needs the numbers of the steps only, and a checker knows what the
 * store must hold after any of them.
 *
 * @param writer its number
 */
record History(int writer) {
  /** The tables the steps change. */
  static final List<String> TABLES = List.of("crash-a", "crash-b");

  private static final int KEY_COUNT = 4000;

  /** Keys in the place where all writers are at about the same step, and how long that is. */
  private static final int HOT_KEYS = 8;

  private static final int STEPS_OF_PLACE = 16;
  private static final int BATCH_CHANGES_MAX = 5;
  private static final int PERCENT = 100;

  /** Shares of a hundred. */
  private static final int BATCHES = 15;

  private static final int DELETES = 15;
  private static final int HOT = 40;
  private static final int SMALL_VALUES = 70;
  private static final int MEDIUM_VALUES = 95;

  /** Limits of the value sizes: within a leaf, most of a leaf, overflow pages. */
  private static final int SMALL_BYTES = 200;

  private static final int MEDIUM_BYTES = 2000;
  private static final int LARGE_BYTES = 24_000;

  /**
   * One change of a step.
   *
   * @param table its name
   * @param key the key as text
   * @param step the number of its step
   * @param index its position in the step
   * @param isDelete whether it removes the key
   */
  record Change(String table, String key, long step, int index, boolean isDelete) {}

  /** Returns what the keys of this writer, and no others, end with. */
  String suffix() {
    return String.format(Locale.ROOT, "/w%02d", writer);
  }

  /**
   * Returns the changes of a step; of several with the same table and key the last one counts.
   *
   * @param step its number, the first being 1
   */
  List<Change> changes(long step) {
    SplittableRandom random = random(step, 0);
    int count = 1;
    if (random.nextInt(PERCENT) < BATCHES) {
      count = random.nextInt(2, BATCH_CHANGES_MAX + 1);
    }
    List<Change> changes = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String table = TABLES.get(random.nextInt(TABLES.size()));
      boolean isHot = random.nextInt(PERCENT) < HOT;
      int number =
          isHot
              ? (int) (step / STEPS_OF_PLACE + random.nextInt(HOT_KEYS)) % KEY_COUNT
              : random.nextInt(KEY_COUNT);
      String key = String.format(Locale.ROOT, "%04d", number) + suffix();
      changes.add(new Change(table, key, step, i, random.nextInt(PERCENT) < DELETES));
    }
    return changes;
  }

  /** Returns the value a change leaves behind, null when it removes the key. */
  byte @Nullable [] value(Change change) {
    if (change.isDelete()) {
      return null;
    }
    SplittableRandom random = random(change.step(), change.index() + 1);
    int roll = random.nextInt(PERCENT);
    int limit =
        roll < SMALL_VALUES ? SMALL_BYTES : roll < MEDIUM_VALUES ? MEDIUM_BYTES : LARGE_BYTES;
    byte[] value = new byte[random.nextInt(limit)];
    random.nextBytes(value);
    byte[] label =
        (change.key() + " step " + change.step() + ' ').getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(label, 0, value, 0, Math.min(label.length, value.length));
    return value;
  }

  /** Does a step; returns once it is as durable as the store's mode says. */
  void perform(Store store, long step) {
    List<Change> changes = changes(step);
    if (changes.size() == 1) {
      performAlone(store, changes.getFirst());
      return;
    }
    WriteBatch batch = new WriteBatch();
    for (Change change : changes) {
      byte[] value = value(change);
      if (value == null) {
        batch.delete(change.table(), bytes(change.key()));
      } else {
        batch.put(change.table(), bytes(change.key()), value);
      }
    }
    store.write(batch);
  }

  private void performAlone(Store store, Change change) {
    byte[] value = value(change);
    if (value == null) {
      store.table(change.table()).delete(bytes(change.key()));
    } else {
      store.table(change.table()).put(bytes(change.key()), value);
    }
  }

  /** Tells whether a value found is what a change left behind; both null when there is none. */
  boolean isResult(@Nullable Change change, byte @Nullable [] found) {
    return Arrays.equals(change == null ? null : value(change), found);
  }

  static byte[] bytes(String key) {
    return key.getBytes(StandardCharsets.UTF_8);
  }

  private SplittableRandom random(long step, int stream) {
    return new SplittableRandom((((long) writer << 40) ^ step) * 64 + stream);
  }
}
