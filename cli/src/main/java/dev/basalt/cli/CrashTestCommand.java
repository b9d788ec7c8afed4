// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.cli.demo.CrashTest;
import dev.basalt.engine.Store;
import dev.basalt.engine.StoreStatistics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Checks all acknowledged writes, then writes until it is killed; run by {@code scripts/}. */
@Command(
    name = "crash-test",
    hidden = true,
    description = "Checks all acknowledged writes, then writes more, until it is killed.",
    mixinStandardHelpOptions = true)
final class CrashTestCommand extends StoreCommand {
  private static final int PROBLEMS_SHOWN_MAX = 20;

  @Option(
      names = "--acknowledged",
      paramLabel = "FILE",
      required = true,
      description = "Where acknowledged steps are noted.")
  private @Nullable Path acknowledged;

  @Option(names = "--writers", defaultValue = "4", description = "Threads that write.")
  private int writerCount;

  @Option(names = "--seconds", defaultValue = "0", description = "How long to write.")
  private long seconds;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (acknowledged == null) {
      throw new IllegalStateException("picocli checks that the option is there");
    }
    try (Store store = options.openOrCreate()) {
      CrashTest test = new CrashTest(store, acknowledged);
      List<String> problems = test.check(writerCount);
      if (!problems.isEmpty()) {
        problems.stream().limit(PROBLEMS_SHOWN_MAX).forEach(streams().err()::println);
        throw new CommandFailure(ExitCode.DATA, problems.size() + " problems");
      }
      out().format("all %,d acknowledged writes are there; verified", test.acknowledgedCount());
      out().flush();
      if (seconds > 0) {
        out().line("writing");
        out().flush();
        long count = test.write(writerCount, seconds);
        StoreStatistics statistics = store.statistics();
        out()
            .format(
                "%,d writes acknowledged; %,d leaves merged away, %,d split for contention",
                count,
                statistics.counter("index.merges"),
                statistics.counter("index.contentionSplits"));
      }
    }
    return ExitCode.DONE;
  }
}
