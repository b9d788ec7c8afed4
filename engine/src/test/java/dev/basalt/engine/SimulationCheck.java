// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Compares a store with the journal and with its limits. */
final class SimulationCheck {
  private final Store store;
  private final SimulationJournal journal;

  SimulationCheck(Store store, SimulationJournal journal) {
    this.store = store;
    this.journal = journal;
  }

  /** Checks a store that was just opened. */
  void checkRecovered(SimulatedPages pages) {
    long endLsn = store.statistics().counter("log.openedLsn");
    require(
        pages.lsnMax() < endLsn,
        "a page with LSN " + pages.lsnMax() + " was written, but the log ends at " + endLsn);
    checkContent();
  }

  /** Checks a store that nobody changes. */
  void checkContent() {
    Map<String, String> content = journal.content();
    long entries = 0;
    for (String name : store.tables()) {
      Table table = store.table(name);
      for (String key : SimulationClient.keys()) {
        byte[] found = table.get(key.getBytes(StandardCharsets.UTF_8));
        String text = found == null ? null : new String(found, StandardCharsets.UTF_8);
        String expected = content.get(name + "/" + key);
        require(
            Objects.equals(text, expected),
            name + "/" + key + " is " + shorten(text) + ", expected " + shorten(expected));
        entries += found == null ? 0 : 1;
      }
    }
    require(entries == content.size(), entries + " entries, expected " + content.size());
    checkScans(content);
    VerifyReport report = store.verify();
    require(report.isWhole(), report.problems().toString());
    long counted = report.tables().stream().mapToLong(VerifyReport.TableReport::entryCount).sum();
    require(counted == entries, counted + " entries in the trees, expected " + entries);
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
    require(forward.equals(content), "a scan differs");
    require(backward.equals(content), "a reverse scan differs");
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Checks that no more pages are in memory than allowed. */
  void checkLimits() {
    StoreStatistics statistics = store.statistics();
    require(
        statistics.counter("pool.resident") <= statistics.counter("pool.frames"),
        "too many pages are in memory");
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
    return text.length() <= 40 ? text : text.substring(0, 40) + "...";
  }
}
