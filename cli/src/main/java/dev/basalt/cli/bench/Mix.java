// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.bench;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * How often a workload does each kind of operation.
 *
 * @param weights shares of a hundred
 */
public record Mix(Map<Operation, Integer> weights) {
  private static final int PERCENT = 100;

  /** Copies the weights. */
  public Mix {
    weights = Map.copyOf(weights);
  }

  /**
   * Parses a mix.
   *
   * @param text such as {@code read=90,update=10}; the numbers add up to 100
   * @return the mix
   * @throws IllegalArgumentException when it is malformed
   */
  public static Mix parse(String text) {
    Map<Operation, Integer> weights = new EnumMap<>(Operation.class);
    int sum = 0;
    for (String part : text.split(",", -1)) {
      String[] sides = part.strip().split("=", -1);
      if (sides.length != 2 || !sides[1].matches("[0-9]{1,3}")) {
        throw new IllegalArgumentException(
            "'" + part + "' is no part of a mix; needed: such as read=90,update=10");
      }
      int weight = Integer.parseInt(sides[1]);
      weights.put(operation(sides[0]), weight);
      sum += weight;
    }
    if (sum != PERCENT) {
      throw new IllegalArgumentException(
          "the mix '" + text + "' adds up to " + sum + ", needed: 100");
    }
    return new Mix(weights);
  }

  /**
   * Picks an operation.
   *
   * @param roll 0 to 99
   * @return the operation it falls on
   */
  Operation pick(int roll) {
    int sum = 0;
    for (Operation operation : Operation.values()) {
      sum += weights.getOrDefault(operation, 0);
      if (roll < sum) {
        return operation;
      }
    }
    throw new IllegalArgumentException("roll is " + roll + ", needed: 0 to 99");
  }

  private static Operation operation(String name) {
    try {
      return Operation.valueOf(name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException _) {
      throw new IllegalArgumentException(
          "no operation '" + name + "'; there are: read, update, insert, scan");
    }
  }
}
