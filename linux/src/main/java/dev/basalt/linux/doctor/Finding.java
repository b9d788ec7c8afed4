// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import java.util.List;

/**
 * One line of the page.
 *
 * @param name what was looked at
 * @param severity how much it matters
 * @param found what was found
 * @param needed what is needed, by whom; empty when all is well
 * @param mend the command or step that mends it; empty when there is nothing to do
 * @param details more lines
 */
public record Finding(
    String name,
    Severity severity,
    String found,
    String needed,
    String mend,
    List<String> details) {
  /** Copies the details. */
  public Finding {
    details = List.copyOf(details);
  }

  Finding(String name, Severity severity, String found, String needed, String mend) {
    this(name, severity, found, needed, mend, List.of());
  }

  static Finding ok(String name, String found) {
    return new Finding(name, Severity.OK, found, "", "");
  }

  static Finding note(String name, String found) {
    return new Finding(name, Severity.NOTE, found, "", "");
  }

  static Finding advice(String name, String found, String needed, String mend) {
    return new Finding(name, Severity.ADVICE, found, needed, mend);
  }

  static Finding problem(String name, String found, String needed, String mend) {
    return new Finding(name, Severity.PROBLEM, found, needed, mend);
  }
}
