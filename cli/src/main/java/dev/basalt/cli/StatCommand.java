// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.engine.Store;
import dev.basalt.engine.StoreStatistics;
import java.util.List;
import picocli.CommandLine.Command;

/** Prints what a store is and what its layers counted. */
@Command(
    name = "stat",
    description = "Prints the device, the tables and the counters of all layers since the opening.",
    mixinStandardHelpOptions = true)
final class StatCommand extends StoreCommand {
  @Override
  public Integer call() {
    try (Store store = options.open()) {
      StoreStatistics statistics = store.statistics();
      if (options.isJson()) {
        printJson(store.config().device(), store.tables(), statistics);
      } else {
        print(store.config().device(), store.tables(), statistics);
      }
    }
    return ExitCode.DONE;
  }

  private void print(String uri, List<String> tables, StoreStatistics statistics) {
    out().format("%-36s %s", "store", uri);
    out().format("%-36s %s", "device", statistics.device());
    out().format("%-36s %s", "tables", String.join(", ", tables));
    statistics.counters().forEach((name, value) -> out().format("%-36s %,d", name, value));
  }

  private void printJson(String uri, List<String> tables, StoreStatistics statistics) {
    out()
        .json(
            json -> {
              json.writeStartObject();
              json.writeStringField("store", uri);
              json.writeStringField("device", statistics.device());
              json.writeArrayFieldStart("tables");
              for (String table : tables) {
                json.writeString(table);
              }
              json.writeEndArray();
              json.writeObjectFieldStart("counters");
              for (var counter : statistics.counters().entrySet()) {
                json.writeNumberField(counter.getKey(), counter.getValue());
              }
              json.writeEndObject();
              json.writeEndObject();
            });
  }
}
