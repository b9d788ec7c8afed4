// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import java.io.IOException;

/**
 * A page as read from the device is not what was once written there. Nothing is repaired; the page
 * is not in memory afterwards.
 */
public final class DamagedPageException extends IOException {
  private static final long serialVersionUID = 1;

  private final long pageId;
  private final long expected;
  private final long found;

  private DamagedPageException(String message, long pageId, long expected, long found) {
    super(message);
    this.pageId = pageId;
    this.expected = expected;
    this.found = found;
  }

  /**
   * Reports a page whose bytes do not add up to its checksum.
   *
   * @param pageId the page that was read
   * @param expected the checksum of the bytes read
   * @param found the checksum in the page
   * @return the exception
   */
  public static DamagedPageException checksum(long pageId, int expected, int found) {
    String message =
        String.format(
            "page %d is damaged: its checksum is %08x, its bytes give %08x",
            pageId, found, expected);
    return new DamagedPageException(
        message, pageId, Integer.toUnsignedLong(expected), Integer.toUnsignedLong(found));
  }

  /**
   * Reports a sound page that belongs elsewhere: a misdirected write, or an address gone wrong.
   *
   * @param pageId the page that was read
   * @param found the page id in the page
   * @return the exception
   */
  public static DamagedPageException misplaced(long pageId, long found) {
    String message = "page " + pageId + " is damaged: it carries the id of page " + found;
    return new DamagedPageException(message, pageId, pageId, found);
  }

  /**
   * Returns the page that was read.
   *
   * @return its id
   */
  public long pageId() {
    return pageId;
  }

  /**
   * Returns what should have been found.
   *
   * @return the checksum of the page's bytes, or its page id
   */
  public long expected() {
    return expected;
  }

  /**
   * Returns what was found instead.
   *
   * @return the checksum or page id in the page
   */
  public long found() {
    return found;
  }
}
