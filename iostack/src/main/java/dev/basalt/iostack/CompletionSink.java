// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

/** Receives completions from {@link QueuePair#poll}, on the thread that polls. */
@FunctionalInterface
public interface CompletionSink {
  /**
   * Called once for each command.
   *
   * @param tag the tag the command was queued with
   * @param status how it ended; see {@link IoStatus}
   */
  void onCompletion(long tag, int status);
}
