// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.agent;

/**
 * What a waiter of a {@link ParkingLot} waits for to end. Implemented by the object that owns the
 * state, so that a wait needs no capturing lambda.
 */
@FunctionalInterface
public interface WaitCondition {
  /**
   * Tells whether the caller must go on waiting. Reads the state with volatile strength, changes
   * nothing and does not wait.
   *
   * @param argument what was given to {@link ParkingLot#awaitWhile}
   * @return true while the wait must go on
   */
  boolean mustWait(long argument);
}
