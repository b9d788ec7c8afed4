// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.basalt.iostack.nvme.ControllerIdentity;
import dev.basalt.iostack.nvme.NamespaceIdentity;
import dev.basalt.iostack.nvme.NvmeInspector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;

/** Prints what an NVMe controller says of itself and of its namespaces. */
@Command(
    name = "identify",
    description = "Prints what an NVMe controller says of itself and of its namespaces.",
    mixinStandardHelpOptions = true)
final class DeviceIdentifyCommand extends DeviceInspection {
  private static final int KIBIBYTES_PER_PAGE = 4;

  @Override
  void print(NvmeInspector inspector) throws IOException {
    ControllerIdentity controller = inspector.identity();
    out().format("model              %s", controller.model());
    out().format("serial             %s", controller.serial());
    out().format("firmware           %s", controller.firmware());
    out().format("PCI vendor         %04x", controller.vendorId());
    out().format("NVMe version       %s", version(controller.version()));
    out()
        .format(
            "largest transfer   %s",
            controller.transferPagesMax() == Integer.MAX_VALUE
                ? "no limit"
                : controller.transferPagesMax() * KIBIBYTES_PER_PAGE + " KiB");
    out()
        .format(
            "write cache        %s",
            controller.hasVolatileWriteCache() ? "volatile: flushes count" : "none that is lost");
    out()
        .format(
            "atomic writes      %d blocks, %d across a power failure",
            controller.atomicBlocks(), controller.powerFailAtomicBlocks());
    out().format("optional commands  %s", commands(controller));
    out().format("data placement     %s", controller.hasFlexiblePlacement() ? "yes (FDP)" : "no");
    for (int id : inspector.namespaceIds()) {
      NamespaceIdentity namespace = inspector.namespace(id);
      out()
          .format(
              "namespace %-8d %,d blocks of %d bytes%s%s",
              id,
              namespace.blockCount(),
              namespace.blockBytes(),
              namespace.metadataBytes() == 0
                  ? ""
                  : " and " + namespace.metadataBytes() + " bytes of metadata",
              namespace.fault().isEmpty() ? "" : "; no store: " + namespace.fault());
    }
  }

  private static String version(int version) {
    return (version >>> 16) + "." + (version >>> 8 & 0xff) + "." + (version & 0xff);
  }

  private static String commands(ControllerIdentity controller) {
    List<String> known = new ArrayList<>();
    if (controller.canCompare()) {
      known.add("compare");
    }
    if (controller.canDeallocate()) {
      known.add("deallocate");
    }
    if (controller.canWriteZeroes()) {
      known.add("write zeroes");
    }
    return known.isEmpty() ? "none" : String.join(", ", known);
  }

  @Override
  void writeJson(NvmeInspector inspector) throws IOException {
    ControllerIdentity controller = inspector.identity();
    List<NamespaceIdentity> namespaces = new ArrayList<>();
    for (int id : inspector.namespaceIds()) {
      namespaces.add(inspector.namespace(id));
    }
    out().json(json -> write(json, controller, namespaces));
  }

  private static void write(
      JsonGenerator json, ControllerIdentity controller, List<NamespaceIdentity> namespaces)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("model", controller.model());
    json.writeStringField("serial", controller.serial());
    json.writeStringField("firmware", controller.firmware());
    json.writeNumberField("vendorId", controller.vendorId());
    json.writeStringField("version", version(controller.version()));
    json.writeNumberField("transferPagesMax", controller.transferPagesMax());
    json.writeBooleanField("volatileWriteCache", controller.hasVolatileWriteCache());
    json.writeNumberField("atomicBlocks", controller.atomicBlocks());
    json.writeNumberField("powerFailAtomicBlocks", controller.powerFailAtomicBlocks());
    json.writeBooleanField("compare", controller.canCompare());
    json.writeBooleanField("deallocate", controller.canDeallocate());
    json.writeBooleanField("writeZeroes", controller.canWriteZeroes());
    json.writeBooleanField("flexibleDataPlacement", controller.hasFlexiblePlacement());
    json.writeArrayFieldStart("namespaces");
    for (NamespaceIdentity namespace : namespaces) {
      json.writeStartObject();
      json.writeNumberField("id", namespace.id());
      json.writeNumberField("blockCount", namespace.blockCount());
      json.writeNumberField("blockBytes", namespace.blockBytes());
      json.writeNumberField("metadataBytes", namespace.metadataBytes());
      json.writeNumberField("commandSet", namespace.commandSet());
      json.writeStringField("fault", namespace.fault().isEmpty() ? null : namespace.fault());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
