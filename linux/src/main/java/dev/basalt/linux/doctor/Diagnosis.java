// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the doctor says.
 *
 * @param findings the lines of the page
 * @param choice the best back end for what was asked
 */
public record Diagnosis(List<Finding> findings, BackEndChoice choice) {
  /** Copies the findings. */
  public Diagnosis {
    findings = List.copyOf(findings);
  }

  /**
   * Returns what to do first: what matters most, and of that the first on the page.
   *
   * @return a finding with something to mend, or null when there is nothing to do
   */
  public @Nullable Finding first() {
    Finding first = null;
    for (Finding finding : findings) {
      boolean matters = first == null || finding.severity().compareTo(first.severity()) > 0;
      if (matters && !finding.mend().isEmpty()) {
        first = finding;
      }
    }
    return first;
  }
}
