// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How the bench runs.
 *
 * @param quick whether to use less data and fewer, shorter rounds: for trying out, not for claims
 * @param disk a directory on the disk to measure
 * @param fast a directory on a memory file system, or null where there is none
 * @param fio the {@code fio} program, or null where there is none
 * @param keys a file of keys for the comparison with peers, or null where there is none
 * @param report where that comparison writes its files
 * @param peers what of it is run
 */
record BenchOptions(
    boolean quick,
    Path disk,
    @Nullable Path fast,
    @Nullable Path fio,
    @Nullable Path keys,
    Path report,
    PeerSelection peers) {
  int recordCount() {
    return quick ? 500_000 : 5_000_000;
  }

  /** Size of the file that raw reads go to. */
  long fileBytes() {
    return quick ? 256L << 20 : 2L << 30;
  }

  int rounds() {
    return quick ? 3 : 7;
  }

  long roundNanos() {
    return TimeUnit.MILLISECONDS.toNanos(quick ? 1_000 : 3_000);
  }

  /** Enough for the compiler of the JVM to come to rest. */
  long warmUpNanos() {
    return TimeUnit.MILLISECONDS.toNanos(quick ? 2_000 : 6_000);
  }
}
