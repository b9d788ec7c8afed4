// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.linux.binding.AttributeWrite;
import dev.basalt.linux.binding.DriverBinding;
import dev.basalt.linux.binding.KernelAttributes;
import dev.basalt.linux.host.NvmeDevice;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Gives an NVMe device back to the kernel's driver. */
@Command(
    name = "unbind",
    description = {
      "Gives one NVMe device back to the kernel's driver, also after a crash.",
      "Refuses while a process drives the device."
    },
    mixinStandardHelpOptions = true)
final class DeviceUnbindCommand extends DeviceSubcommand {
  @Parameters(paramLabel = "DEVICE", description = "Its address, such as 0000:01:00.0.")
  private String name = "";

  @Option(names = "--dry-run", description = "Print what would be written, and change nothing.")
  private boolean dryRun;

  @Override
  public Integer call() throws IOException {
    NvmeDevice device = find(name);
    if (device.function() == null) {
      throw new CommandFailure(
          ExitCode.USAGE, device.name() + " is reached over a network: there is nothing to unbind");
    }
    String address = device.address();
    DriverBinding binding = new DriverBinding(files(), new KernelAttributes(files()));
    if (dryRun) {
      for (AttributeWrite write : binding.proposeReturn(address)) {
        out().line(write.toString());
      }
      return ExitCode.DONE;
    }
    boolean changed = !binding.unbind(address).isEmpty();
    out()
        .line(
            address
                + (changed
                    ? " is back with the kernel's driver"
                    : " was with the kernel's driver already"));
    return ExitCode.DONE;
  }
}
