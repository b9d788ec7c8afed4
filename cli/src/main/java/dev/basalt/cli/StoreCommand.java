// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** A command that opens a store. */
abstract class StoreCommand implements Callable<Integer> {
  /** Holds the standard streams; set by picocli before {@link #call}. */
  @ParentCommand private @Nullable BasaltCommand parent;

  /** The options all of them share. */
  @Mixin final StoreOptions options = new StoreOptions();

  /** Returns the standard streams. */
  final Streams streams() {
    if (parent == null) {
      throw new IllegalStateException("started without its parent command");
    }
    return parent.streams();
  }

  final Output out() {
    return streams().out();
  }
}
