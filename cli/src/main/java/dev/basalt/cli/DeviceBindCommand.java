// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.linux.binding.AttributeWrite;
import dev.basalt.linux.binding.BindProposal;
import dev.basalt.linux.binding.DriverBinding;
import dev.basalt.linux.binding.KernelAttributes;
import dev.basalt.linux.host.BlockContent;
import dev.basalt.linux.host.NvmeDevice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Takes an NVMe device from the kernel's driver, for vfio: and other back ends in user space. */
@Command(
    name = "bind",
    description = {
      "Takes one NVMe device from the kernel's driver and binds it to vfio-pci.",
      "Refuses while anything uses the device; asks for its serial number where data may be lost."
    },
    mixinStandardHelpOptions = true)
final class DeviceBindCommand extends DeviceSubcommand {
  @Parameters(
      paramLabel = "DEVICE",
      description = "Address (0000:01:00.0), /dev/nvme0, /dev/nvme0n1 or serial number.")
  private String name = "";

  @Option(names = "--dry-run", description = "Print what would be written, and change nothing.")
  private boolean dryRun;

  @Option(
      names = "--serial",
      paramLabel = "SERIAL",
      description = {
        "The serial number of the device, for scripts: shows that it is meant.",
        "Of a device that no driver has: its address."
      })
  private @Nullable String serial;

  @Override
  public Integer call() throws IOException {
    NvmeDevice device = find(name);
    DriverBinding binding = new DriverBinding(files(), new KernelAttributes(files()));
    String address = device.address();
    if (!dryRun) {
      binding.requirePermission(device); // Who lacks it could not see all that speaks against it.
    }
    BindProposal proposal = binding.propose(address);
    DeviceReport.warnOfUnseen(streams().err(), proposal.unseenProcessCount());
    if (dryRun) {
      printProposal(proposal);
      return ExitCode.DONE;
    }
    if (proposal.needsConfirmation() && serial == null && streams().isTerminal()) {
      serial = ask(proposal);
    }
    boolean changed = !binding.bind(address, serial).isEmpty();
    out()
        .line(
            address
                + (changed ? " is bound to vfio-pci" : " was bound to vfio-pci already")
                + "; 'basalt device unbind "
                + address
                + "' gives it back");
    return ExitCode.DONE;
  }

  private void printProposal(BindProposal proposal) {
    for (BlockContent content : proposal.contents()) {
      out().line("# " + content.text());
    }
    if (proposal.needsConfirmation()) {
      out().line("# needs --serial " + proposal.device().confirmation());
    }
    if (proposal.writes().isEmpty()) {
      out().line("# " + proposal.device().address() + " is bound to vfio-pci already");
    }
    for (AttributeWrite write : proposal.writes()) {
      out().line(write.toString());
    }
  }

  /** Returns what was typed, null when that was nothing. */
  private @Nullable String ask(BindProposal proposal) throws IOException {
    PrintWriter err = streams().err();
    NvmeDevice device = proposal.device();
    err.println("Programs in user space will be able to overwrite " + device.name() + ".");
    for (BlockContent content : proposal.contents()) {
      err.println("  " + content.text());
    }
    err.print(
        device.controller() == null
            ? "No driver tells what is on it. Type its address to go on: "
            : "Type its serial number to go on: ");
    err.flush();
    String typed = readLine(streams().in());
    if (typed.isEmpty()) {
      err.println(); // at the end of the input nobody pressed Enter
    }
    return typed.isEmpty() ? null : typed;
  }

  private static String readLine(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
      line.write(b);
    }
    return line.toString(StandardCharsets.UTF_8).strip();
  }
}
