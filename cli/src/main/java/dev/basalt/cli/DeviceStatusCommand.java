// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.linux.binding.BindCheck;
import dev.basalt.linux.binding.BindRefusal;
import dev.basalt.linux.host.BlockContent;
import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.PciBus;
import dev.basalt.linux.host.PciFunction;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints all that is known about one NVMe device. */
@Command(
    name = "status",
    description = "Prints all about one NVMe device, and whether it may be bound.",
    mixinStandardHelpOptions = true)
final class DeviceStatusCommand extends DeviceSubcommand {
  @Parameters(
      paramLabel = "DEVICE",
      description = "Address (0000:01:00.0), /dev/nvme0, /dev/nvme0n1 or serial number.")
  private String name = "";

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() {
    NvmeDevice device = find(name);
    BlockUses uses = new BlockUses(files());
    List<BlockContent> contents = BindCheck.contents(files(), device);
    List<BindRefusal> refusals = new ArrayList<>(BindCheck.refusals(files(), device, uses));
    refusals.addAll(BindCheck.refusals(contents));
    if (json) {
      out().json(generator -> DeviceReport.write(generator, device, uses, refusals));
      return ExitCode.DONE;
    }
    DeviceReport.printShort(out(), device, uses);
    DeviceReport.printDetails(out(), device);
    for (BlockContent content : contents) {
      out().line("  " + content.text());
    }
    printGroup(device.function());
    printVerdict(device, refusals);
    DeviceReport.warnOfUnseen(streams().err(), uses.unseenProcessCount());
    return ExitCode.DONE;
  }

  private void printGroup(@Nullable PciFunction function) {
    if (function == null || function.iommuGroup() == PciFunction.NO_GROUP) {
      return;
    }
    for (PciFunction other : PciBus.group(files(), function.iommuGroup())) {
      if (!other.address().equals(function.address())) {
        out()
            .format(
                "  in its IOMMU group too: %s, class %06x, driver %s",
                other.address(), other.classCode(), DeviceReport.orNone(other.driver()));
      }
    }
  }

  private void printVerdict(NvmeDevice device, List<BindRefusal> refusals) {
    if (device.function() != null && device.function().isBoundToVfio()) {
      out().line("  user space has it; 'basalt device unbind' gives it back to the kernel");
      return;
    }
    out().line(refusals.isEmpty() ? "  may be bound" : "  may not be bound:");
    for (BindRefusal refusal : refusals) {
      out().line("    " + refusal.reason() + ": " + refusal.mend());
    }
  }
}
