// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.io.IOException;

/** A file that somebody else has locked. */
public final class FileLockedException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param path the file
   * @param holder who has it, such as {@code process 708 (java)}
   */
  public FileLockedException(String path, String holder) {
    super(path + " is in use by " + holder + "; close it there first, or end that process");
  }
}
