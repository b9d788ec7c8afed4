// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import java.io.IOException;

/**
 * A page as read from the device is not what was once written there, or is newer than the log.
 * Nothing is repaired; the page is not in memory afterwards.
 */
public final class DamagedPageException extends IOException {
  private static final long serialVersionUID = 1;

  private enum Kind {
    CHECKSUM,
    MISPLACED,
    AHEAD_OF_LOG
  }

  private final Kind kind;
  private final long pageId;
  private final long expected;
  private final long found;

  private DamagedPageException(String message, Kind kind, long pageId, long expected, long found) {
    super(message);
    this.kind = kind;
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
        message,
        Kind.CHECKSUM,
        pageId,
        Integer.toUnsignedLong(expected),
        Integer.toUnsignedLong(found));
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
    return new DamagedPageException(message, Kind.MISPLACED, pageId, pageId, found);
  }

  /**
   * Reports a sound page whose last change the log does not hold although it was durable before the
   * page was written: the log has lost its end.
   *
   * @param pageId the page that was read
   * @param lsn the LSN in the page
   * @param durableLsn up to where the log is durable
   * @return the exception
   */
  public static DamagedPageException aheadOfLog(long pageId, long lsn, long durableLsn) {
    String message =
        String.format(
            "the end of the log is lost: page %d was changed at LSN %d, the log ends at %d",
            pageId, lsn, durableLsn);
    return new DamagedPageException(message, Kind.AHEAD_OF_LOG, pageId, durableLsn, lsn);
  }

  /**
   * Tells whether the page is whole and the log is not, so that no image in the log makes it good.
   *
   * @return true when the page's last change is missing in the log
   */
  public boolean isAheadOfLog() {
    return kind == Kind.AHEAD_OF_LOG;
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
   * @return the checksum of the page's bytes, its page id, or the LSN that its own must be below
   */
  public long expected() {
    return expected;
  }

  /**
   * Returns what was found instead.
   *
   * @return the checksum, page id or LSN in the page
   */
  public long found() {
    return found;
  }
}
