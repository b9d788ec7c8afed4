// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import java.io.IOException;

/** A sound page does not hold what the tree says it should. */
public final class DamagedTreeException extends IOException {
  private static final long serialVersionUID = 1;

  private final long pageId;

  /**
   * Creates the exception.
   *
   * @param pageId the page
   * @param found what was found, and what was expected
   */
  public DamagedTreeException(long pageId, String found) {
    super("page " + pageId + ": " + found);
    this.pageId = pageId;
  }

  /**
   * Returns the page.
   *
   * @return its id
   */
  public long pageId() {
    return pageId;
  }
}
