// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import dev.basalt.linux.host.BlockContent;
import dev.basalt.linux.host.NvmeDevice;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Nobody has said, or said rightly, that this device is meant: nothing was changed. */
public final class UnconfirmedException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param proposal what would be done
   * @param given what the user gave, or null
   */
  public UnconfirmedException(BindProposal proposal, @Nullable String given) {
    super(message(proposal, given));
  }

  private static String message(BindProposal proposal, @Nullable String given) {
    NvmeDevice device = proposal.device();
    StringBuilder text = new StringBuilder(device.name() + " stays with its driver");
    for (BlockContent content : proposal.contents()) {
      text.append("\n  ").append(content.text());
    }
    return text.append("\n  to take it all the same: --serial ")
        .append(device.confirmation())
        .append(given == null ? "" : " (given: " + given + ")")
        .toString();
  }
}
