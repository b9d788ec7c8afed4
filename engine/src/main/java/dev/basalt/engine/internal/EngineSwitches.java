// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

/**
 * Rules that tests break on purpose, to show that the simulation finds out; and what they watch.
 *
 * @param walRule a page is written only after the log is durable through its LSN
 * @param flushBeforeAcknowledge in mode {@code sync}, a write returns only once it is durable
 * @param ordered writers of the same key are in the same order in the log and in the tree
 * @param watcher who is told of the log
 */
public record EngineSwitches(
    boolean walRule, boolean flushBeforeAcknowledge, boolean ordered, Watcher watcher) {
  /** Who is told of the log. */
  public interface Watcher {
    /**
     * Called when the store is opened, before anything is written.
     *
     * @param endLsn where the log ends
     */
    default void logEnds(long endLsn) {}

    /**
     * Called by the thread that commits, right after the append.
     *
     * @param lsn the commit
     */
    default void appended(long lsn) {}

    /**
     * Called before recovery applies a commit again.
     *
     * @param lsn the commit
     * @return whether to take a checkpoint first, though the log has room
     */
    default boolean wantsCheckpoint(long lsn) {
      return false;
    }
  }

  /** Nothing is broken: what every store uses. */
  public static final EngineSwitches NONE_BROKEN =
      new EngineSwitches(true, true, true, new Watcher() {});
}
