// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.basalt.engine.SavedContention.Leaf;
import dev.basalt.engine.Store;
import dev.basalt.engine.StoreStatistics;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints what a store is and what its layers counted. */
@Command(
    name = "stat",
    description = "Prints the device, the tables and the counters of all layers since the opening.",
    mixinStandardHelpOptions = true)
final class StatCommand extends StoreCommand {
  @Option(
      names = "--contention",
      description = {
        "Print the leaves at which writers met most, instead,",
        "as saved when the store was closed after such a life."
      })
  private boolean contention;

  @Override
  public Integer call() {
    try (Store store = options.open()) {
      if (contention) {
        printContention(store.savedContention().leaves());
        return ExitCode.DONE;
      }
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

  private void printContention(List<Leaf> leaves) {
    if (options.isJson()) {
      out().json(json -> writeContention(json, leaves));
      return;
    }
    out().format("%-20s %12s %12s %8s  %s", "table", "page", "contended", "splits", "from key");
    for (Leaf leaf : leaves) {
      String text = options.notation() == Notation.TEXT ? Notation.decode(leaf.lowerFence()) : null;
      String fence = text == null ? HexFormat.of().formatHex(leaf.lowerFence()) : text;
      out()
          .format(
              "%-20s %,12d %,12d %,8d  %s",
              leaf.table(), leaf.pageId(), leaf.contendedUpdates(), leaf.splits(), fence);
    }
  }

  private void writeContention(JsonGenerator json, List<Leaf> leaves) throws IOException {
    json.writeStartArray();
    for (Leaf leaf : leaves) {
      json.writeStartObject();
      json.writeStringField("table", leaf.table());
      json.writeNumberField("page", leaf.pageId());
      json.writeNumberField("contended", leaf.contendedUpdates());
      json.writeNumberField("splits", leaf.splits());
      options.notation().writeField(json, "from", leaf.lowerFence());
      json.writeEndObject();
    }
    json.writeEndArray();
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
