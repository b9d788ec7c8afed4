// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.bench;

/** The kinds of operations a workload mixes. */
public enum Operation {
  /** Gets the value of a random record. */
  READ,

  /** Sets the value of a random record. */
  UPDATE,

  /** Puts a record with a new key. */
  INSERT,

  /** Visits 100 records from a random one on. */
  SCAN
}
