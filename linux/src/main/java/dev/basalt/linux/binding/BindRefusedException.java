// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import java.io.IOException;
import java.util.List;

/** A device must not, or cannot, be taken: nothing was changed. */
public final class BindRefusedException extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient List<BindRefusal> refusals;

  /**
   * Creates the exception.
   *
   * @param name of the device
   * @param refusals at least one
   */
  public BindRefusedException(String name, List<BindRefusal> refusals) {
    super(message(name, refusals));
    this.refusals = List.copyOf(refusals);
  }

  /**
   * Tells whether the device is in use, rather than the machine lacking something.
   *
   * @return true when any reason is of that kind
   */
  public boolean isForUse() {
    return refusals.stream().anyMatch(BindRefusal::isForUse);
  }

  /**
   * Tells whether only rights are missing.
   *
   * @return true when there is no other reason
   */
  public boolean isForRights() {
    return refusals.stream().allMatch(BindRefusal.NotPermitted.class::isInstance);
  }

  private static String message(String name, List<BindRefusal> refusals) {
    StringBuilder text = new StringBuilder(name + " stays with its driver");
    for (BindRefusal refusal : refusals) {
      text.append("\n  ").append(refusal.reason()).append(": ").append(refusal.mend());
    }
    return text.toString();
  }
}
