// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.Devices;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Lists the back ends: usable here, or why not and what to do. */
@Command(
    name = "backends",
    description = "Lists the back ends: usable here, or why not and what to do.",
    mixinStandardHelpOptions = true)
final class BackendsCommand implements Callable<Integer> {
  @ParentCommand private @Nullable BasaltCommand parent;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() {
    if (parent == null) {
      throw new IllegalStateException("started without its parent command");
    }
    Output out = parent.streams().out();
    List<BlockDeviceProvider> providers = Devices.providers();
    if (json) {
      printJson(out, providers);
      return ExitCode.DONE;
    }
    for (BlockDeviceProvider provider : providers) {
      BlockDeviceProvider.Availability availability = provider.availability();
      out.format(
          "%-12s %-12s %s",
          provider.scheme() + ":",
          availability.usable() ? "usable" : "not usable",
          availability.reason());
    }
    return ExitCode.DONE;
  }

  private static void printJson(Output out, List<BlockDeviceProvider> providers) {
    out.json(
        generator -> {
          generator.writeStartArray();
          for (BlockDeviceProvider provider : providers) {
            BlockDeviceProvider.Availability availability = provider.availability();
            generator.writeStartObject();
            generator.writeStringField("scheme", provider.scheme());
            generator.writeBooleanField("usable", availability.usable());
            generator.writeStringField("reason", availability.reason());
            generator.writeEndObject();
          }
          generator.writeEndArray();
        });
  }
}
