// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.basalt.engine.Store;
import dev.basalt.engine.VerifyReport;
import java.io.IOException;
import picocli.CommandLine.Command;

/** Checks the structure of a whole store. */
@Command(
    name = "verify",
    description = {
      "Reads the whole store and checks its structure.",
      "Checked are checksums, order, fences, links, and that each page has exactly one owner.",
      "Exit code 65 when something is wrong.",
    },
    mixinStandardHelpOptions = true)
final class VerifyCommand extends StoreCommand {
  @Override
  public Integer call() {
    VerifyReport report;
    try (Store store = options.open()) {
      report = store.verify();
    }
    if (options.isJson()) {
      out().json(json -> writeJson(json, report));
    } else {
      print(out(), report);
    }
    return report.isWhole() ? ExitCode.DONE : ExitCode.DATA;
  }

  /** Prints a report for people. */
  static void print(Output out, VerifyReport report) {
    out.format("%-32s %16s %12s %8s", "table", "entries", "leaves", "height");
    for (VerifyReport.TableReport table : report.tables()) {
      out.format(
          "%-32s %,16d %,12d %8d",
          table.name(), table.entryCount(), table.leafPageCount(), table.height());
    }
    out.format("pages in use: %,d", report.pageCount());
    report.problems().forEach(problem -> out.line("problem: " + problem));
    out.line(report.isWhole() ? "whole" : report.problems().size() + " problems");
  }

  private static void writeJson(JsonGenerator json, VerifyReport report) throws IOException {
    json.writeStartObject();
    json.writeBooleanField("whole", report.isWhole());
    json.writeNumberField("pages", report.pageCount());
    json.writeArrayFieldStart("tables");
    for (VerifyReport.TableReport table : report.tables()) {
      json.writeStartObject();
      json.writeStringField("name", table.name());
      json.writeNumberField("entries", table.entryCount());
      json.writeNumberField("height", table.height());
      json.writeNumberField("leafPages", table.leafPageCount());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("problems");
    for (String problem : report.problems()) {
      json.writeString(problem);
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
