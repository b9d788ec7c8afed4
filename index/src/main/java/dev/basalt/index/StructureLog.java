// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import java.io.IOException;

/**
 * The write-ahead log as the index sees it: where images and structure changes go.
 *
 * <p>A change of pages runs like this, all pages latched exclusively before: {@link #enterChange};
 * for every page that is changed but not logged whole, an image if its LSN is below {@link
 * #imageHorizon} or it is flagged unlogged; the change; {@link #append} for a structure change; the
 * LSNs are set; the pages are unlatched, dirty; {@link #exitChange}. To a checkpoint that waits
 * until all sections entered before its begin are left, image, change and dirty mark are one step.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread. None waits for log space or for a
 * latch: they are called with page latches held. The engine admits the space before an operation
 * starts.
 */
public interface StructureLog {
  /**
   * Returns below which LSN a page needs an image before its first change.
   *
   * @return the LSN at which the newest checkpoint began; {@link Long#MIN_VALUE} where the device
   *     writes a page atomically
   */
  long imageHorizon();

  /**
   * Enters a section that changes pages.
   *
   * @return the token for {@link #exitChange}
   */
  long enterChange();

  /**
   * Leaves a section, its pages changed and marked dirty. Every {@link #enterChange} is followed by
   * exactly one, on the same thread.
   *
   * @param token what {@link #enterChange} returned
   */
  void exitChange(long token);

  /**
   * Appends one record, all or nothing. The log calls {@link StructureChange#encode} before this
   * returns. A record that {@linkplain StructureChange#startsRun starts a run} is in flight from
   * now on, until it is {@linkplain StructureChange#endedRun ended} by another record or the commit
   * that publishes it has been applied.
   *
   * @param change the pages' images and deltas, valid during the call
   * @return the record's LSN, which the caller puts into the pages
   * @throws IOException when the log has failed; the pages will never be written
   */
  long append(StructureChange change) throws IOException;

  /**
   * Returns the longest record.
   *
   * @return bytes, what the log adds to the body included
   */
  int recordBytesMax();

  /**
   * Reports that pages were changed and the change could not be appended: they can never be
   * written, so the log is to end. The first cause counts, also when the log had failed before.
   */
  void changeLost();
}
