// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import java.io.IOException;

/**
 * What the pool must know of the log: a page with LSN n goes to the device only after the log is
 * durable through n (the WAL rule).
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread.
 */
public interface LogGate {
  /**
   * Returns up to where the log is durable. Never falls.
   *
   * @return every record with an LSN below it is durable
   */
  long durableLsn();

  /**
   * Asks for a record to become durable soon, in every durability mode; does not wait.
   *
   * @param lsn the record's LSN
   */
  void requestDurable(long lsn);

  /**
   * Waits until a record is durable.
   *
   * @param lsn the record's LSN
   * @throws IOException when the log has failed
   */
  void awaitDurable(long lsn) throws IOException;

  /**
   * Throws when the log has failed: what is not durable now will never be.
   *
   * @throws IOException with the first cause
   */
  default void check() throws IOException {}
}
