// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The top of the command: names its subcommands, holds the standard streams. */
@Command(
    name = "basalt",
    description = "Reads and writes an ordered key-value store that owns its I/O.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      LoadCommand.class,
      GetCommand.class,
      PutCommand.class,
      DeleteCommand.class,
      ScanCommand.class,
      StatCommand.class,
      VerifyCommand.class,
      BenchCommand.class,
      ConfigCommand.class,
      BackendsCommand.class,
      DeviceCommand.class,
      DoctorCommand.class,
      TourCommand.class,
      CrashTestCommand.class,
      WarmUpCommand.class,
      HelpCommand.class,
    },
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit codes:%n",
    footer = {
      "",
      "A store is one file or device: io_uring:/data/store, file:/data/store, ram:1GiB.",
      "Keys and values are UTF-8 text; --hex takes and prints any bytes.",
      "'basalt help COMMAND' describes a command.",
    })
final class BasaltCommand implements Runnable {
  private final Streams streams;

  @Spec private @Nullable CommandSpec spec;

  BasaltCommand(Streams streams) {
    this.streams = streams;
  }

  Streams streams() {
    return streams;
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new ParameterException(spec.commandLine(), "no command is named");
    }
  }
}
