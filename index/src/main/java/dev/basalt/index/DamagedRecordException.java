// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A sound record of the log says something that cannot be done to its page. */
public final class DamagedRecordException extends IOException {
  private static final long serialVersionUID = 1;

  private final long lsn;

  DamagedRecordException(long lsn, long pageId, int kind, String found, @Nullable Throwable cause) {
    super(
        "the structure record at LSN %d cannot be redone: change of kind %d of page %d: %s"
            .formatted(lsn, kind, pageId, found),
        cause);
    this.lsn = lsn;
  }

  /**
   * Returns where the record is.
   *
   * @return its LSN
   */
  public long lsn() {
    return lsn;
  }
}
