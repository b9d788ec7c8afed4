// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.SimulationCoverage.Event;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Compares a store that nobody changes with the journal, and verifies its structure. */
final class SimulationCheck {
  private static final int GETS_PER_TABLE = 25;

  private final Store store;
  private final SimulationJournal journal;
  private final SimulationShape shape;
  private final SimulationCoverage coverage;
  private final boolean hasErrors;
  private final Map<String, Long> leaves = new TreeMap<>();

  SimulationCheck(Store store, SimulationLife life) {
    this.store = store;
    journal = life.journal;
    shape = life.shape;
    coverage = life.coverage;
    hasErrors = life.draw.hasErrors();
  }

  /** Checks content and structure, where no read can fail. */
  void check(Random random) {
    if (hasErrors) {
      return;
    }
    Map<String, String> content = journal.content();
    checkScans(content);
    for (String name : store.tables()) {
      checkGets(store.table(name), content, random);
    }
    VerifyReport report = store.verify();
    require(report.isWhole(), report.problems().toString());
    long counted = report.tables().stream().mapToLong(VerifyReport.TableReport::entryCount).sum();
    require(
        counted == content.size(), counted + " entries in the trees, expected " + content.size());
    report.tables().forEach(this::noteShape);
  }

  private void checkGets(Table table, Map<String, String> content, Random random) {
    for (int i = 0; i < GETS_PER_TABLE; i++) {
      String key = shape.key(random.nextInt(shape.keyCount()));
      byte[] found = table.get(key.getBytes(StandardCharsets.UTF_8));
      String text = found == null ? null : text(found);
      String expected = content.get(table.name() + "/" + key);
      require(
          Objects.equals(text, expected),
          table.name() + "/" + key + " is " + shorten(text) + ", expected " + shorten(expected));
    }
  }

  private void checkScans(Map<String, String> content) {
    TreeMap<String, String> forward = new TreeMap<>();
    TreeMap<String, String> backward = new TreeMap<>();
    for (String name : store.tables()) {
      try (Cursor cursor = store.table(name).cursor(Range.all())) {
        while (cursor.next()) {
          forward.put(name + "/" + text(cursor.key()), text(cursor.value()));
        }
        while (cursor.previous()) {
          backward.put(name + "/" + text(cursor.key()), text(cursor.value()));
        }
      }
    }
    requireEqual(forward, content, "a scan");
    requireEqual(backward, content, "a reverse scan");
  }

  private static void requireEqual(
      Map<String, String> found, Map<String, String> expected, String what) {
    if (found.equals(expected)) {
      return;
    }
    TreeMap<String, String> keys = new TreeMap<>(expected);
    keys.putAll(found);
    for (String key : keys.keySet()) {
      require(
          Objects.equals(found.get(key), expected.get(key)),
          what
              + " has "
              + shorten(found.get(key))
              + " at "
              + key
              + ", expected "
              + shorten(expected.get(key)));
    }
  }

  private void noteShape(VerifyReport.TableReport table) {
    Long before = leaves.put(table.name(), table.leafPageCount());
    if (before != null && before > 3 && table.leafPageCount() <= before / 2) {
      coverage.add(Event.SHRINKS, 1);
    }
    coverage.raise(Event.TREE_HEIGHT, table.height());
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  static void require(boolean isTrue, String otherwise) {
    if (!isTrue) {
      throw new AssertionError(otherwise);
    }
  }

  private static String shorten(@Nullable String text) {
    if (text == null) {
      return "absent";
    }
    return text.length() <= 40 ? text : text.substring(0, 40) + "... of " + text.length();
  }
}
