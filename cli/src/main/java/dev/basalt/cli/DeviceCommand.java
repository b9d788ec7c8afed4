// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Names the commands on NVMe devices. */
@Command(
    name = "device",
    description = "Shows NVMe devices, hands them to user space and gives them back.",
    mixinStandardHelpOptions = true,
    subcommands = {
      DeviceListCommand.class,
      DeviceStatusCommand.class,
      DeviceIdentifyCommand.class,
      DeviceSmartCommand.class,
      DeviceBindCommand.class,
      DeviceUnbindCommand.class,
      DeviceBenchCommand.class,
    },
    synopsisSubcommandLabel = "COMMAND")
final class DeviceCommand implements Runnable {
  @ParentCommand private @Nullable BasaltCommand parent;

  @Spec private @Nullable CommandSpec spec;

  Streams streams() {
    if (parent == null) {
      throw new IllegalStateException("started without its parent command");
    }
    return parent.streams();
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new ParameterException(spec.commandLine(), "no command is named");
    }
  }
}
