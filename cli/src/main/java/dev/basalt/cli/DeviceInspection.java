// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.iostack.nvme.NvmeInspector;
import dev.basalt.linux.host.NvmeDevice;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command that asks an NVMe controller, through whichever driver has it. */
abstract class DeviceInspection extends DeviceSubcommand {
  @Parameters(
      paramLabel = "DEVICE",
      description = "Address (0000:01:00.0), /dev/nvme0, /dev/nvme0n1 or serial number.")
  private String name = "";

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public final Integer call() throws IOException {
    NvmeDevice device = find(name);
    try (NvmeInspector inspector = inspect(device)) {
      if (json) {
        writeJson(inspector);
      } else {
        print(inspector);
      }
    }
    return ExitCode.DONE;
  }

  private static NvmeInspector inspect(NvmeDevice device) throws IOException {
    if (device.function() != null && device.function().isBoundToVfio()) {
      return NvmeInspector.ofVfio(device.address());
    }
    if (device.controller() == null) {
      throw new CommandFailure(
          ExitCode.UNAVAILABLE,
          "no driver has "
              + device.name()
              + ", so nobody can ask it: 'basalt device unbind' gives it to the kernel's");
    }
    return NvmeInspector.ofKernel(Path.of("/dev", device.controller().name()));
  }

  abstract void print(NvmeInspector inspector) throws IOException;

  abstract void writeJson(NvmeInspector inspector) throws IOException;
}
