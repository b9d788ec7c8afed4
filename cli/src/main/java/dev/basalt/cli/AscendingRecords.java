// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.cli.input.MalformedInputException;
import dev.basalt.cli.input.RecordSource;
import dev.basalt.engine.SortedSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The first records of an input, as far as their keys ascend, for a bulk load. Ends before the
 * first record that does not fit or cannot be read; what comes from there on is the caller's.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
final class AscendingRecords implements SortedSource {
  private final RecordSource source;
  private final Progress progress;
  private byte[] key = {};
  private boolean hasKey;
  private boolean hasRest;
  private @Nullable MalformedInputException failure;

  AscendingRecords(RecordSource source, Progress progress) {
    this.source = source;
    this.progress = progress;
  }

  @Override
  public boolean next() {
    try {
      if (!source.next()) {
        return false;
      }
    } catch (MalformedInputException e) {
      failure = e;
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    byte[] next = source.key();
    progress.record();
    hasRest = hasKey && Arrays.compareUnsigned(key, next) >= 0;
    key = next;
    hasKey = true;
    return !hasRest;
  }

  @Override
  public MemorySegment key() {
    return MemorySegment.ofArray(key);
  }

  @Override
  public MemorySegment value() {
    return MemorySegment.ofArray(source.value());
  }

  /** Tells whether the source stands at a record that was not passed on. */
  boolean hasRest() {
    return hasRest;
  }

  /** Returns why the input could not be read on; null when it could. */
  @Nullable MalformedInputException failure() {
    return failure;
  }
}
