// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.nanos;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An operation whose time is split into steps. Used by one thread. */
interface SteppedOperation extends AutoCloseable {
  /** The step that is the benchmark's own. */
  String LOOP = "the loop: a key or page is chosen";

  /** Says what is measured, for the heading. */
  String title();

  /** Runs the operation some times; returns something that depends on all that was read. */
  long run(int count) throws IOException;

  /** Says which code is which step, in the order of the table. */
  List<StepRule> rules();

  /** Returns parts of the operation that can be run alone, to compare with. */
  List<Part> parts();

  @Override
  void close() throws IOException;

  /** Something that is run some times; returns as {@link #run}. */
  @FunctionalInterface
  interface Body {
    long run(int count) throws IOException;
  }

  /**
   * A part of the operation.
   *
   * @param name what it is
   * @param body runs it
   * @param splits the step that it is a part of, or null
   * @param rest what the rest of that step is; not used without it
   */
  record Part(String name, Body body, @Nullable String splits, String rest) {
    /** Creates a part to compare with. */
    Part(String name, Body body) {
      this(name, body, null, "");
    }
  }
}
