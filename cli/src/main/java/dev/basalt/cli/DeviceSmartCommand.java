// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.nvme.ErrorLogEntry;
import dev.basalt.iostack.nvme.HealthLog;
import dev.basalt.iostack.nvme.NvmeInspector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;

/** Prints the health of an NVMe device, and the errors it remembers. */
@Command(
    name = "smart",
    description = "Prints the health of an NVMe device, and the errors it remembers.",
    mixinStandardHelpOptions = true)
final class DeviceSmartCommand extends DeviceInspection {
  private static final double KELVIN = 273.15;

  /** A data unit is a thousand times 512 bytes. */
  private static final double GIGABYTES_PER_UNIT = 512_000 / 1e9;

  private static final List<String> WARNINGS =
      List.of(
          "spare capacity is low",
          "temperature is out of range",
          "reliability is degraded",
          "media are read-only",
          "backup of the volatile memory has failed",
          "persistent memory is read-only");

  @Override
  void print(NvmeInspector inspector) throws IOException {
    HealthLog health = inspector.health();
    List<String> warnings = warnings(health);
    out().format("warnings          %s", warnings.isEmpty() ? "none" : String.join("; ", warnings));
    out().format("temperature       %.0f C", health.temperatureKelvin() - KELVIN);
    out()
        .format(
            "spare capacity    %d %%, low at %d %%",
            health.sparePercent(), health.spareThresholdPercent());
    out().format("life used         %d %%", health.usedPercent());
    out().format("read              %,.1f GB", health.dataUnitsRead() * GIGABYTES_PER_UNIT);
    out().format("written           %,.1f GB", health.dataUnitsWritten() * GIGABYTES_PER_UNIT);
    out()
        .format(
            "power             %,d hours, %,d cycles, %,d unsafe shutdowns",
            health.powerOnHours(), health.powerCycles(), health.unsafeShutdowns());
    out().format("media errors      %,d", health.mediaErrors());
    out().format("errors logged     %,d", health.errorLogEntries());
    for (ErrorLogEntry error : inspector.errors()) {
      out()
          .format(
              "  %d: %s, namespace %d, LBA %d, queue %d, command %d",
              error.number(),
              IoStatus.describe(error.status()),
              error.namespaceId(),
              error.lba(),
              error.queueId(),
              error.commandId());
    }
  }

  private static List<String> warnings(HealthLog health) {
    List<String> found = new ArrayList<>();
    for (int bit = 0; bit < WARNINGS.size(); bit++) {
      if ((health.criticalWarning() >>> bit & 1) != 0) {
        found.add(WARNINGS.get(bit));
      }
    }
    return found;
  }

  @Override
  void writeJson(NvmeInspector inspector) throws IOException {
    HealthLog health = inspector.health();
    List<ErrorLogEntry> errors = inspector.errors();
    out().json(json -> write(json, health, errors));
  }

  private static void write(JsonGenerator json, HealthLog health, List<ErrorLogEntry> errors)
      throws IOException {
    json.writeStartObject();
    json.writeArrayFieldStart("warnings");
    for (String warning : warnings(health)) {
      json.writeString(warning);
    }
    json.writeEndArray();
    json.writeNumberField("temperatureKelvin", health.temperatureKelvin());
    json.writeNumberField("sparePercent", health.sparePercent());
    json.writeNumberField("spareThresholdPercent", health.spareThresholdPercent());
    json.writeNumberField("usedPercent", health.usedPercent());
    json.writeNumberField("dataUnitsRead", health.dataUnitsRead());
    json.writeNumberField("dataUnitsWritten", health.dataUnitsWritten());
    json.writeNumberField("powerOnHours", health.powerOnHours());
    json.writeNumberField("powerCycles", health.powerCycles());
    json.writeNumberField("unsafeShutdowns", health.unsafeShutdowns());
    json.writeNumberField("mediaErrors", health.mediaErrors());
    json.writeArrayFieldStart("errors");
    for (ErrorLogEntry error : errors) {
      json.writeStartObject();
      json.writeNumberField("number", error.number());
      json.writeStringField("status", IoStatus.describe(error.status()));
      json.writeNumberField("namespace", error.namespaceId());
      json.writeNumberField("lba", error.lba());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
