// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.linux.host.HostFiles;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeDevices;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParentCommand;

/** A command on NVMe devices. */
abstract class DeviceSubcommand implements Callable<Integer> {
  /** Holds the standard streams; set by picocli before {@link #call}. */
  @ParentCommand private @Nullable DeviceCommand parent;

  private final HostFiles files = HostFiles.ofThisHost();

  final Streams streams() {
    if (parent == null) {
      throw new IllegalStateException("started without its parent command");
    }
    return parent.streams();
  }

  final Output out() {
    return streams().out();
  }

  final HostFiles files() {
    return files;
  }

  /** Finds the one device a user means. */
  final NvmeDevice find(String name) {
    List<NvmeDevice> devices = NvmeDevices.read(files);
    List<NvmeDevice> found = NvmeDevices.find(files, devices, name);
    if (found.isEmpty()) {
      throw new CommandFailure(
          ExitCode.NO_INPUT,
          "there is no NVMe device '" + name + "'; there are: " + addresses(devices));
    }
    if (found.size() > 1) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "'" + name + "' may be several devices; name one of: " + addresses(found));
    }
    return found.getFirst();
  }

  private static String addresses(List<NvmeDevice> devices) {
    List<String> addresses = devices.stream().map(NvmeDevice::address).toList();
    return addresses.isEmpty() ? "none" : String.join(", ", addresses);
  }
}
