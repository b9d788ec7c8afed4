// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.time.Duration;
import java.util.Locale;

/**
 * When a write returns: the three named modes.
 *
 * <p>All three write the same log in the same order; after a power failure the store holds a prefix
 * of it in each mode. They differ in what a caller waits for.
 */
public sealed interface Durability {
  /** A write returns once it is durable; concurrent writes share one device write and flush. */
  record Sync() implements Durability {
    @Override
    public String toString() {
      return "sync";
    }
  }

  /**
   * A write returns at once and is durable after at most about this time.
   *
   * @param millis the longest time a write stays in memory only, 1 to 60,000 milliseconds
   */
  record Group(int millis) implements Durability {
    /** The longest allowed interval. */
    public static final int MILLIS_MAX = 60_000;

    /** Checks the interval. */
    public Group {
      if (millis < 1 || millis > MILLIS_MAX) {
        throw new IllegalArgumentException(
            "group interval is " + millis + " ms, needed: 1 to " + MILLIS_MAX);
      }
    }

    @Override
    public String toString() {
      return "group:" + millis;
    }
  }

  /** A write returns at once; it is durable after a checkpoint, an orderly close, or by chance. */
  record None() implements Durability {
    @Override
    public String toString() {
      return "none";
    }
  }

  /**
   * Returns the mode in which writes are durable before they return.
   *
   * @return the mode
   */
  static Durability sync() {
    return new Sync();
  }

  /**
   * Returns the mode in which writes are durable after an interval.
   *
   * @param interval the longest time a write stays in memory only, 1 ms to 60 s
   * @return the mode
   */
  static Durability group(Duration interval) {
    return new Group(Math.toIntExact(interval.toMillis()));
  }

  /**
   * Returns the mode without a promise.
   *
   * @return the mode
   */
  static Durability none() {
    return new None();
  }

  /**
   * Parses what {@code toString} prints.
   *
   * @param text {@code sync}, {@code none} or {@code group:MILLIS}
   * @return the mode
   * @throws IllegalArgumentException when it is none of them
   */
  static Durability parse(String text) {
    String mode = text.trim().toLowerCase(Locale.ROOT);
    if (mode.equals("sync")) {
      return sync();
    }
    if (mode.equals("none")) {
      return none();
    }
    if (mode.matches("group:[0-9]{1,6}")) {
      return new Group(Integer.parseInt(mode.substring("group:".length())));
    }
    throw new IllegalArgumentException(
        "durability is '" + text + "', needed: sync, group:MILLISECONDS or none");
  }
}
