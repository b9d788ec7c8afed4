// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeDevices;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists the NVMe devices of this machine. */
@Command(
    name = "list",
    description = "Lists NVMe devices: driver, IOMMU group, namespaces, and who uses them.",
    mixinStandardHelpOptions = true)
final class DeviceListCommand extends DeviceSubcommand {
  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() {
    List<NvmeDevice> devices = NvmeDevices.read(files());
    BlockUses uses = new BlockUses(files());
    if (json) {
      out().json(generator -> DeviceReport.writeAll(generator, devices, uses));
      return ExitCode.DONE;
    }
    if (devices.isEmpty()) {
      out().line("There is no NVMe device.");
      return ExitCode.DONE;
    }
    for (NvmeDevice device : devices) {
      DeviceReport.printShort(out(), device, uses);
    }
    DeviceReport.warnOfUnseen(streams().err(), uses.unseenProcessCount());
    return ExitCode.DONE;
  }
}
