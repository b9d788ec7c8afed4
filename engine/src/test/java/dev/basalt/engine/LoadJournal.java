// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.EngineSwitches;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the clients of {@link LoadSimulation} have logged, by LSN: commits and loads alike are
 * changes of keys of one table. Used by the holder of the baton.
 */
// One journal per seed, its threads end with it.
@SuppressWarnings("ThreadLocalUsage")
final class LoadJournal implements EngineSwitches.Watcher {
  /** Changes of a table: keys with their new values, null for absence. */
  private record Logged(String table, Map<String, @Nullable String> changes) {}

  private final TreeMap<Long, Logged> logged = new TreeMap<>();
  private final TreeSet<Long> acknowledged = new TreeSet<>();
  private final ThreadLocal<@Nullable Logged> announced = new ThreadLocal<>();
  private final ThreadLocal<Long> lastLsn = ThreadLocal.withInitial(() -> -1L);

  /** Says what the next append of the calling thread will be. */
  void announce(String table, Map<String, @Nullable String> changes) {
    announced.set(new Logged(table, changes));
    lastLsn.set(-1L);
  }

  @Override
  public void appended(long lsn) {
    Logged changes = announced.get();
    if (changes != null) {
      logged.put(lsn, changes);
      lastLsn.set(lsn);
    }
  }

  /** Tells whether what the calling thread announced was logged. */
  boolean isLogged() {
    return lastLsn.get() >= 0;
  }

  /** Notes that what the calling thread announced has returned. */
  void acknowledge(boolean isDurable) {
    announced.set(null);
    if (isDurable && isLogged()) {
      acknowledged.add(lastLsn.get());
    }
  }

  @Override
  public void logEnds(long endLsn) {
    if (!acknowledged.tailSet(endLsn).isEmpty()) {
      throw new AssertionError(
          "acknowledged and lost: the log ends at " + endLsn + ", " + acknowledged.last() + " is");
    }
    logged.tailMap(endLsn).clear();
  }

  /** Returns what the store must hold, by table. */
  Map<String, Map<String, String>> content() {
    Map<String, Map<String, String>> content = new HashMap<>();
    for (Logged one : logged.values()) {
      Map<String, String> table = content.computeIfAbsent(one.table, _ -> new TreeMap<>());
      for (Map.Entry<String, @Nullable String> change : one.changes.entrySet()) {
        String value = change.getValue();
        if (value == null) {
          table.remove(change.getKey());
        } else {
          table.put(change.getKey(), value);
        }
      }
    }
    return content;
  }
}
