// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a store has done since it was opened: named counters of all its layers.
 *
 * @param device one line about the device
 * @param counters values by name, such as {@code pool.hits}, in the order they are shown
 */
public record StoreStatistics(String device, Map<String, Long> counters) {
  /** Copies the counters. */
  public StoreStatistics {
    counters = Collections.unmodifiableMap(new LinkedHashMap<>(counters));
  }

  /**
   * Returns one counter.
   *
   * @param name such as {@code pool.hits}
   * @return its value
   * @throws IllegalArgumentException when there is no such counter
   */
  public long counter(String name) {
    Long value = counters.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "no counter '" + name + "'; there are " + counters.keySet());
    }
    return value;
  }
}
