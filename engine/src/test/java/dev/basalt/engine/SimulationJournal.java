// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.EngineSwitches;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the clients of a simulation have logged, by LSN: the model that a recovered store is
 * compared with. Used by the holder of the baton.
 */
// One journal per seed, its threads end with it.
@SuppressWarnings("ThreadLocalUsage")
final class SimulationJournal implements EngineSwitches.Watcher {
  /** A change of one key: of a table and a key to a value or, when null, to absence. */
  record Change(String place, @Nullable String value) {}

  /** A commit; {@code expected} is what its first key had to hold, where that was a condition. */
  record Commit(List<Change> changes, boolean isConditional, @Nullable String expected) {}

  private final TreeMap<Long, Commit> commits = new TreeMap<>();

  /** What the commits before {@link #recoveredLsn} have come to, once a store has recovered. */
  private final TreeMap<String, String> recovered = new TreeMap<>();

  private long recoveredLsn;

  /** Where recovery has found the end of the log. */
  private long foundLsn;

  private final TreeMap<Long, Boolean> acknowledged = new TreeMap<>();

  /** What a commit of this thread will be, once it is appended. */
  private final ThreadLocal<@Nullable Commit> pending = new ThreadLocal<>();

  private final ThreadLocal<Long> lastLsn = ThreadLocal.withInitial(() -> -1L);

  void announce(@Nullable Commit commit) {
    pending.set(commit);
    lastLsn.set(-1L);
  }

  /** Notes an append of the calling thread. */
  @Override
  public void appended(long lsn) {
    Commit commit = pending.get();
    if (commit != null) {
      commits.put(lsn, commit);
      lastLsn.set(lsn);
    }
  }

  /** Notes that the announced commit has returned; returns whether it was logged. */
  boolean acknowledge(boolean isDurable) {
    pending.set(null);
    long lsn = lastLsn.get();
    if (lsn >= 0 && isDurable) {
      acknowledged.put(lsn, true);
    }
    return lsn >= 0;
  }

  /** Forgets an announced commit that has not returned; it may have been logged. */
  void forget() {
    pending.set(null);
  }

  /** Forgets what was logged at or behind the end that recovery found. */
  @Override
  public void logEnds(long endLsn) {
    if (endLsn < recoveredLsn) {
      throw new AssertionError(
          "the log ends at " + endLsn + ", but recovery has once found it up to " + recoveredLsn);
    }
    if (!acknowledged.tailMap(endLsn).isEmpty()) {
      throw new AssertionError(
          "acknowledged commits lost: the log ends at "
              + endLsn
              + ", they are at "
              + acknowledged.tailMap(endLsn).keySet());
    }
    commits.tailMap(endLsn).clear();
    foundLsn = endLsn;
  }

  /** Notes that a store is open: nothing that recovery has found may get lost any more. */
  void opened() {
    commits.forEach((lsn, commit) -> apply(lsn, commit, recovered));
    commits.clear();
    acknowledged.clear();
    recoveredLsn = foundLsn;
  }

  /** Returns what the store must hold, by place. */
  Map<String, String> content() {
    TreeMap<String, String> content = new TreeMap<>(recovered);
    for (Map.Entry<Long, Commit> entry : commits.entrySet()) {
      apply(entry.getKey(), entry.getValue(), content);
    }
    return content;
  }

  private static void apply(long lsn, Commit commit, Map<String, String> content) {
    if (commit.isConditional) {
      String found = content.get(commit.changes.getFirst().place);
      if (!Objects.equals(found, commit.expected)) {
        throw new AssertionError(
            "at LSN " + lsn + " a condition held for " + commit.expected + ", not " + found);
      }
    }
    for (Change change : commit.changes) {
      if (change.value == null) {
        content.remove(change.place);
      } else {
        content.put(change.place, change.value);
      }
    }
  }

  /** Returns one commit of one change. */
  static Commit one(String place, @Nullable String value) {
    List<Change> changes = new ArrayList<>();
    changes.add(new Change(place, value));
    return new Commit(changes, false, null);
  }
}
