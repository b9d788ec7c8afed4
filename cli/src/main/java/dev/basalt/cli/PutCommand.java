// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.engine.Store;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Sets the value of a key. */
@Command(
    name = "put",
    description = "Sets the value of a key; creates the store and the table when absent.",
    mixinStandardHelpOptions = true)
final class PutCommand extends StoreCommand {
  @Parameters(index = "0", paramLabel = "KEY", description = "The key.")
  private String key = "";

  @Parameters(index = "1", paramLabel = "VALUE", description = "Its value.")
  private String value = "";

  @Override
  public Integer call() {
    byte[] keyBytes = options.notation().parse(key);
    byte[] valueBytes = options.notation().parse(value);
    try (Store store = options.openOrCreate()) {
      options.table(store).put(keyBytes, valueBytes);
    }
    return ExitCode.DONE;
  }
}
