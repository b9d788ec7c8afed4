// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.util.List;

/** One benchmark of the table: a class each. */
interface BenchmarkLine {
  /** The name on the command line. */
  String name();

  /**
   * Measures.
   *
   * @return a line of the table for each target
   * @throws IOException when a system could not be run; the bench reports it and goes on
   */
  List<Result> run(BenchOptions options) throws IOException;
}
