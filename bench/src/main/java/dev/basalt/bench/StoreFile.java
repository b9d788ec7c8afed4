// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The file of a store under test, deleted when closed. */
public final class StoreFile implements AutoCloseable {
  static final String SCHEME = "io_uring";

  private final Path path;

  private StoreFile(Path path) {
    this.path = path;
  }

  /** Names a file in a directory that is not there yet. */
  public static StoreFile in(Path directory) throws IOException {
    Path path = Files.createTempFile(directory, "basalt-bench", ".store");
    Files.delete(path);
    return new StoreFile(path);
  }

  /** Says where the store is. */
  public String uri() {
    return SCHEME + ":" + path;
  }

  /** Creates a store and puts records in an order; returns the one sample of the load. */
  Sample load(int count, long poolBytes, String order) throws IOException {
    return load(count, poolBytes, order, List.of());
  }

  /** The same with options of the JVM. */
  Sample load(int count, long poolBytes, String order, List<String> options) throws IOException {
    try (WorkerProcess load =
        WorkerProcess.start(
            WorkerKind.STORE_LOAD,
            options,
            SCHEME,
            path.toString(),
            Integer.toString(count),
            Long.toString(poolBytes),
            order)) {
      return load.round(0);
    }
  }

  /** Opens the store for gets, with all its pages read once. */
  WorkerProcess gets(int count, long poolBytes) throws IOException {
    return open(WorkerKind.STORE_GETS, count, poolBytes);
  }

  /** Opens the store for a worker. */
  WorkerProcess open(WorkerKind kind, int count, long poolBytes) throws IOException {
    return WorkerProcess.start(
        kind, List.of(), uri(), Integer.toString(count), Long.toString(poolBytes));
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(path);
  }
}
