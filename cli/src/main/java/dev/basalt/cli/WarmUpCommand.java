// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.engine.Cursor;
import dev.basalt.engine.Range;
import dev.basalt.engine.Store;
import dev.basalt.engine.StoreConfig;
import dev.basalt.engine.Table;
import dev.basalt.iostack.Devices;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Touches what short commands use, so that the build can record it for a fast start. */
@Command(
    name = "warm-up",
    hidden = true,
    description = "Uses a store in memory once; run by the build.")
final class WarmUpCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    Devices.providers().forEach(provider -> provider.availability());
    StoreConfig config =
        StoreConfig.builder().device("ram:64MiB").logBytes(1 << 20).poolBytes(4 << 20).build();
    byte[] key = "key".getBytes(StandardCharsets.UTF_8);
    try (Store store = Store.open(config)) {
      Table table = store.table("default");
      table.put(key, key);
      table.get(key);
      try (Cursor cursor = table.cursor(Range.all())) {
        cursor.next();
      }
      table.delete(key);
      store.statistics();
      store.verify();
    }
    return ExitCode.DONE;
  }
}
