// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.cli.demo.Tour;
import dev.basalt.engine.Durability;
import dev.basalt.engine.Store;
import dev.basalt.engine.StoreConfig;
import dev.basalt.engine.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Shows the store at work on this machine's own files; run by {@code scripts/demo}. */
@Command(
    name = "tour",
    hidden = true,
    description = "Indexes a file tree and synthetic records, reads, lists and counts.",
    mixinStandardHelpOptions = true)
final class TourCommand implements Callable<Integer> {
  private static final long LOG_BYTES = 256L << 20;
  private static final long POOL_BYTES_MIN = 2L << 20;
  private static final int POOL_SHARE = 4;

  /** Keys have nine digits. */
  private static final int RECORD_COUNT_MAX = 1_000_000_000;

  @ParentCommand private @Nullable BasaltCommand parent;

  @Option(
      names = "--directory",
      required = true,
      paramLabel = "DIR",
      description = "Where the store is made.")
  private Path directory = Path.of("");

  @Option(names = "--files", defaultValue = "/usr", description = "The file tree to index.")
  private Path files = Path.of("");

  @Option(names = "--records", defaultValue = "2000000", description = "Synthetic records.")
  private int recordCount;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (parent == null) {
      throw new IllegalStateException("started without its parent command");
    }
    if (recordCount < 1 || recordCount > RECORD_COUNT_MAX) {
      throw new CommandFailure(
          ExitCode.USAGE, "--records is " + recordCount + ", needed: 1 to " + RECORD_COUNT_MAX);
    }
    Output out = parent.streams().out();
    Tour tour = new Tour(out::line, files, recordCount);
    long dataBytes = tour.prepare();
    long poolBytes = Math.max(POOL_BYTES_MIN, dataBytes / POOL_SHARE);
    out.format(
        "%,d MB of keys and values; pool: %,d MB, a quarter of it",
        dataBytes / 1_000_000, poolBytes / 1_000_000);
    out.flush();
    try (Store store = open(out, poolBytes)) {
      out.flush();
      tour.load(store);
      out.flush();
      tour.read(store);
      out.flush();
      tour.list(store);
      tour.count(store);
    }
    return ExitCode.DONE;
  }

  /** Opens a new store through io_uring, or through a file channel with the reason printed. */
  private Store open(Output out, long poolBytes) throws IOException {
    Path file = directory.resolve("tour-store");
    StoreConfig.Builder builder =
        StoreConfig.builder()
            .poolBytes(poolBytes)
            .logBytes(LOG_BYTES)
            .durability(Durability.sync());
    try {
      Store store = Store.open(builder.device("io_uring:" + file).build());
      out.line("store: io_uring:" + file);
      return store;
    } catch (StoreException e) {
      Files.deleteIfExists(file);
      out.line("store: file:" + file + ", because io_uring: does not work here: " + e.getMessage());
      return Store.open(builder.device("file:" + file).build());
    }
  }
}
