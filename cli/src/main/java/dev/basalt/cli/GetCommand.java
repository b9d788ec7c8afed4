// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.engine.Store;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Prints the value of a key. */
@Command(
    name = "get",
    description = "Prints the value of a key; exit code 1 when it is not there.",
    mixinStandardHelpOptions = true)
final class GetCommand extends StoreCommand {
  @Parameters(paramLabel = "KEY", description = "The key.")
  private String key = "";

  @Override
  public Integer call() {
    byte[] keyBytes = options.notation().parse(key);
    try (Store store = options.open()) {
      byte[] value = options.existingTable(store).get(keyBytes);
      if (value == null) {
        throw new CommandFailure(
            ExitCode.NOT_FOUND,
            "no key '" + Notation.abbreviate(key) + "' in table '" + options.tableName() + "'");
      }
      print(keyBytes, value);
    }
    return ExitCode.DONE;
  }

  private void print(byte[] keyBytes, byte[] value) {
    Notation notation = options.notation();
    if (options.isJson()) {
      out()
          .json(
              json -> {
                json.writeStartObject();
                notation.writeField(json, "key", keyBytes);
                notation.writeField(json, "value", value);
                json.writeEndObject();
              });
    } else {
      out().bytes(notation.print(value));
      out().line("");
    }
  }
}
