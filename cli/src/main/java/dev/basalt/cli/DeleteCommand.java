// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.engine.Store;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Removes a key. */
@Command(
    name = "delete",
    description = "Removes a key; exit code 1 when it is not there.",
    mixinStandardHelpOptions = true)
final class DeleteCommand extends StoreCommand {
  @Parameters(paramLabel = "KEY", description = "The key.")
  private String key = "";

  @Override
  public Integer call() {
    byte[] keyBytes = options.notation().parse(key);
    try (Store store = options.open()) {
      if (!options.existingTable(store).delete(keyBytes)) {
        throw new CommandFailure(
            ExitCode.NOT_FOUND,
            "no key '" + Notation.abbreviate(key) + "' in table '" + options.tableName() + "'");
      }
    }
    return ExitCode.DONE;
  }
}
