// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.engine.StoreConfig;
import picocli.CommandLine.Command;

/** Prints the effective configuration. */
@Command(
    name = "config",
    description = {
      "Prints the effective configuration, as a file that --config reads.",
      "Opens nothing: an existing store keeps the page and log size it was made with.",
    },
    mixinStandardHelpOptions = true)
final class ConfigCommand extends StoreCommand {
  @Override
  public Integer call() {
    StoreConfig config = options.config(true);
    if (!options.isJson()) {
      out().text(config.toString());
      return ExitCode.DONE;
    }
    out()
        .json(
            json -> {
              json.writeStartObject();
              for (String line : config.toString().lines().toList()) {
                int equals = line.indexOf('=');
                json.writeStringField(
                    line.substring(0, equals).strip(), line.substring(equals + 1).strip());
              }
              json.writeEndObject();
            });
    return ExitCode.DONE;
  }
}
