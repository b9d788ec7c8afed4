// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.IoStatus;
import java.io.IOException;

/** A controller that does not do what is asked: what was asked, and what it did. */
public final class NvmeException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Whether the controller does not answer, or is gone, so that nothing else will help. */
  private final boolean isUnresponsive;

  private NvmeException(String message, boolean isUnresponsive) {
    super(message);
    this.isUnresponsive = isUnresponsive;
  }

  static NvmeException refused(String message) {
    return new NvmeException(message, false);
  }

  /**
   * An admin command that has ended with an error.
   *
   * @param status how; see {@link IoStatus}
   */
  static NvmeException refused(int opcode, int namespaceId, int dword10, int status) {
    return refused(
        "admin command %02xh (namespace %d, dword 10 %08xh): %s"
            .formatted(opcode, namespaceId, dword10, IoStatus.describe(status)));
  }

  static NvmeException unresponsive(String message) {
    return new NvmeException(message, true);
  }

  boolean isUnresponsive() {
    return isUnresponsive;
  }
}
