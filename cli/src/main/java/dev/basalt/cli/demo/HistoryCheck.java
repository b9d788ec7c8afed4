// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.demo;

import dev.basalt.engine.Cursor;
import dev.basalt.engine.Range;
import dev.basalt.engine.Store;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Compares what a store holds of one writer with what it must hold after its last acknowledged
 * step.
 *
 * <p>The step after that may have been under way: it must be there as a whole or not at all.
 */
final class HistoryCheck {
  private record Place(String table, String key) {}

  private final History history;
  private final Map<Place, History.Change> expected = new HashMap<>();
  private final Map<Place, History.Change> underWay = new HashMap<>();
  private final List<String> problems = new ArrayList<>();

  /**
   * Computes what must be there.
   *
   * @param history of the writer
   * @param lastStep its last acknowledged step, 0 when there is none
   */
  HistoryCheck(History history, long lastStep) {
    this.history = history;
    for (long step = 1; step <= lastStep; step++) {
      for (History.Change change : history.changes(step)) {
        expected.put(new Place(change.table(), change.key()), change);
      }
    }
    for (History.Change change : history.changes(lastStep + 1)) {
      underWay.put(new Place(change.table(), change.key()), change);
    }
  }

  /**
   * Compares.
   *
   * @return one line per difference
   */
  List<String> run(Store store) {
    Map<Place, byte[]> found = new HashMap<>();
    for (String table : History.TABLES) {
      try (Cursor cursor = store.table(table).cursor(Range.all())) {
        while (cursor.next()) {
          String key = new String(cursor.key(), StandardCharsets.UTF_8);
          if (key.endsWith(history.suffix())) {
            found.put(new Place(table, key), cursor.value());
          }
        }
      }
    }
    compare(found);
    comparePointReads(store, found);
    return problems;
  }

  private void compare(Map<Place, byte[]> found) {
    Set<Place> places = new HashSet<>(expected.keySet());
    places.addAll(found.keySet());
    for (Place place : places) {
      if (!underWay.containsKey(place) && !isAs(expected, place, found.get(place))) {
        problems.add(describe(place, found.get(place)));
      }
    }
    boolean isNotDone =
        underWay.keySet().stream().allMatch(place -> isAs(expected, place, found.get(place)));
    boolean isDone =
        underWay.keySet().stream().allMatch(place -> isAs(underWay, place, found.get(place)));
    if (!isNotDone && !isDone) {
      problems.add("the step under way is there in part: " + underWay.values());
    }
  }

  /** Point reads must agree with the scan. */
  private void comparePointReads(Store store, Map<Place, byte[]> found) {
    for (Place place : expected.keySet()) {
      byte[] value = store.table(place.table()).get(History.bytes(place.key()));
      if (!java.util.Arrays.equals(value, found.get(place))) {
        problems.add(place + ": a get and a scan differ");
      }
    }
  }

  private boolean isAs(
      Map<Place, History.Change> state, Place place, byte @Nullable [] foundValue) {
    return history.isResult(state.get(place), foundValue);
  }

  private String describe(Place place, byte @Nullable [] foundValue) {
    History.Change change = expected.get(place);
    String was =
        foundValue == null
            ? "nothing"
            : foundValue.length
                + " bytes '"
                + new String(
                    foundValue, 0, Math.min(foundValue.length, 40), StandardCharsets.ISO_8859_1)
                + "'";
    return place + ": found " + was + ", must be as after " + change;
  }
}
