// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import java.io.IOException;

/** There are too few free pages, or too scattered ones. Nothing was changed. */
public final class SpaceExhaustedException extends IOException {
  private static final long serialVersionUID = 1;

  /**
   * Creates the exception.
   *
   * @param pages how many pages were needed
   * @param limit how many pages the store has in all
   */
  public SpaceExhaustedException(long pages, long limit) {
    super("no room for " + pages + " more pages; the store has " + limit + " pages in all");
  }
}
