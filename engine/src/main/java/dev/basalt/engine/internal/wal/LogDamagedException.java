// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import java.io.IOException;

/** The log is damaged where it was durable, or a valid record's content makes no sense. */
public final class LogDamagedException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Where the damage is. */
  private final long lsn;

  /**
   * Reports damage.
   *
   * @param lsn where it is
   * @param message what was found
   */
  public LogDamagedException(long lsn, String message) {
    super("log damaged at LSN " + lsn + ": " + message);
    this.lsn = lsn;
  }

  /**
   * Returns where the damage is.
   *
   * @return the LSN
   */
  public long lsn() {
    return lsn;
  }
}
