// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

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

  static NvmeException unresponsive(String message) {
    return new NvmeException(message, true);
  }

  boolean isUnresponsive() {
    return isUnresponsive;
  }
}
