// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import java.io.IOException;

/**
 * Keys and values of an input, one record after the other.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public interface RecordSource {
  /**
   * Moves to the next record.
   *
   * @return false at the end of the input
   * @throws MalformedInputException when the input is not in its format
   * @throws IOException when it cannot be read
   */
  boolean next() throws IOException;

  /**
   * Returns the key of the record.
   *
   * @return an array of its own
   */
  byte[] key();

  /**
   * Returns the value of the record.
   *
   * @return an array of its own
   */
  byte[] value();

  /**
   * Returns where the record starts.
   *
   * @return its line, the first one being 1
   */
  long lineNumber();
}
