// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.cli.input.RecordSource;
import dev.basalt.engine.SortedSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;

/** Hands the records of an input to a bulk load. */
final class RecordsInOrder implements SortedSource {
  private final RecordSource source;
  private final Progress progress;

  RecordsInOrder(RecordSource source, Progress progress) {
    this.source = source;
    this.progress = progress;
  }

  @Override
  public boolean next() {
    try {
      if (!source.next()) {
        return false;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    progress.record();
    return true;
  }

  @Override
  public MemorySegment key() {
    return MemorySegment.ofArray(source.key());
  }

  @Override
  public MemorySegment value() {
    return MemorySegment.ofArray(source.value());
  }
}
