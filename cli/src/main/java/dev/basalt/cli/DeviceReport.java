// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.basalt.linux.binding.BindRefusal;
import dev.basalt.linux.host.BlockUse;
import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.NvmeController;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeNamespace;
import dev.basalt.linux.host.PciFunction;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Prints NVMe devices, for people and for programs. */
final class DeviceReport {
  private static final long MEBIBYTES_BELOW = 10L << 30;

  private DeviceReport() {}

  static void printShort(Output out, NvmeDevice device, BlockUses uses) {
    NvmeController controller = device.controller();
    out.line(
        String.join(
            "  ",
            controller == null ? "-" : controller.name(),
            device.address(),
            controller == null ? "model unknown" : controller.model(),
            "serial " + (controller == null ? "unknown" : controller.serial()),
            place(device)));
    for (NvmeNamespace namespace : device.namespaces()) {
      out.line(
          String.join(
              "  ",
              "  " + namespace.name(),
              size(namespace.sizeBytes()),
              "blocks of " + namespace.format(),
              namespace.hasGenericNode() ? "/dev/" + namespace.genericName() : "no generic node"));
    }
    List<BlockUse> used = uses.of(device);
    for (BlockUse use : used) {
      out.line("  in use: " + use.text());
    }
    if (used.isEmpty() && !device.namespaces().isEmpty()) {
      out.line("  not in use");
    }
  }

  static void printDetails(Output out, NvmeDevice device) {
    if (device.controller() != null) {
      out.line("  firmware " + device.controller().firmware());
    }
    PciFunction function = device.function();
    if (function != null) {
      out.format(
          "  PCI id %s, NUMA node %d, driver override %s",
          function.id(), function.numaNode(), orNone(function.driverOverride()));
    }
    for (NvmeNamespace namespace : device.namespaces()) {
      out.format(
          "  %s is namespace %d, partitions: %s",
          namespace.name(),
          namespace.id(),
          namespace.partitions().isEmpty() ? "none" : String.join(", ", namespace.partitions()));
    }
  }

  /** Says so where users of a device may have been missed. */
  static void warnOfUnseen(PrintWriter err, int processCount) {
    if (processCount > 0) {
      err.println(
          "basalt: the open files of "
              + processCount
              + " processes could not be seen; run it as root to see all users");
    }
  }

  static void writeAll(JsonGenerator json, List<NvmeDevice> devices, BlockUses uses)
      throws IOException {
    json.writeStartArray();
    for (NvmeDevice device : devices) {
      write(json, device, uses, null);
    }
    json.writeEndArray();
  }

  /** Writes a device; with the reasons against binding it where they were looked for. */
  static void write(
      JsonGenerator json, NvmeDevice device, BlockUses uses, @Nullable List<BindRefusal> refusals)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("name", device.name());
    json.writeStringField("address", device.address());
    writeController(json, device.controller());
    writeFunction(json, device.function());
    json.writeArrayFieldStart("namespaces");
    for (NvmeNamespace namespace : device.namespaces()) {
      writeNamespace(json, namespace);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("uses");
    for (BlockUse use : uses.of(device)) {
      json.writeString(use.text());
    }
    json.writeEndArray();
    json.writeNumberField("unseenProcesses", uses.unseenProcessCount());
    if (refusals != null) {
      writeRefusals(json, refusals);
    }
    json.writeEndObject();
  }

  static String orNone(@Nullable String text) {
    return text == null ? "none" : text;
  }

  private static String place(NvmeDevice device) {
    PciFunction function = device.function();
    if (function == null) {
      return "over " + (device.controller() == null ? "?" : device.controller().transport());
    }
    String group =
        function.iommuGroup() == PciFunction.NO_GROUP
            ? "no IOMMU group"
            : "IOMMU group " + function.iommuGroup();
    return "driver " + orNone(function.driver()) + "  " + group;
  }

  private static String size(long bytes) {
    return bytes < MEBIBYTES_BELOW
        ? String.format(Locale.ROOT, "%,d MiB", bytes >> 20)
        : String.format(Locale.ROOT, "%,.1f GiB", bytes / (double) (1 << 30));
  }

  private static void writeController(JsonGenerator json, @Nullable NvmeController controller)
      throws IOException {
    if (controller != null) {
      json.writeStringField("transport", controller.transport());
      json.writeStringField("model", controller.model());
      json.writeStringField("serial", controller.serial());
      json.writeStringField("firmware", controller.firmware());
    }
  }

  private static void writeFunction(JsonGenerator json, @Nullable PciFunction function)
      throws IOException {
    if (function == null) {
      return;
    }
    json.writeStringField("pciId", function.id());
    json.writeStringField("driver", function.driver());
    json.writeStringField("driverOverride", function.driverOverride());
    json.writeFieldName("iommuGroup");
    if (function.iommuGroup() == PciFunction.NO_GROUP) {
      json.writeNull();
    } else {
      json.writeNumber(function.iommuGroup());
    }
    json.writeNumberField("numaNode", function.numaNode());
  }

  private static void writeNamespace(JsonGenerator json, NvmeNamespace namespace)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("name", namespace.name());
    json.writeNumberField("id", namespace.id());
    json.writeNumberField("sizeBytes", namespace.sizeBytes());
    json.writeNumberField("blockBytes", namespace.format().blockBytes());
    json.writeNumberField("metadataBytes", namespace.format().metadataBytes());
    json.writeStringField("zoneModel", namespace.format().zoneModel());
    json.writeStringField(
        "genericNode", namespace.hasGenericNode() ? "/dev/" + namespace.genericName() : null);
    json.writeArrayFieldStart("partitions");
    for (String partition : namespace.partitions()) {
      json.writeString(partition);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void writeRefusals(JsonGenerator json, List<BindRefusal> refusals)
      throws IOException {
    json.writeArrayFieldStart("refusals");
    for (BindRefusal refusal : refusals) {
      json.writeStartObject();
      json.writeStringField("reason", refusal.reason());
      json.writeStringField("mend", refusal.mend());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
