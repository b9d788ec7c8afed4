// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.nanos;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a sample belongs to: the step of the innermost frame that a rule names.
 *
 * @param step the step's name in the table
 * @param type simple name of a class
 * @param method how the names of its methods begin; empty: all of them
 */
record StepRule(String step, String type, String method) {
  /** Returns the step of a frame, or null when no rule names it. */
  static @Nullable String stepOf(List<StepRule> rules, String typeName, String methodName) {
    String simple = typeName.substring(typeName.lastIndexOf('.') + 1);
    for (StepRule rule : rules) {
      if (rule.type.equals(simple) && methodName.startsWith(rule.method)) {
        return rule.step;
      }
    }
    return null;
  }
}
