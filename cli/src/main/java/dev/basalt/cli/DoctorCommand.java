// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.Devices;
import dev.basalt.linux.DirectProbe;
import dev.basalt.linux.KernelInfo;
import dev.basalt.linux.doctor.BackEndChoice;
import dev.basalt.linux.doctor.Diagnosis;
import dev.basalt.linux.doctor.Doctor;
import dev.basalt.linux.doctor.Finding;
import dev.basalt.linux.doctor.HostFacts;
import dev.basalt.linux.doctor.Severity;
import dev.basalt.linux.doctor.SystemFacts;
import dev.basalt.linux.doctor.Target;
import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.HostFiles;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeDevices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Looks at this machine for what the back ends need, and says what to do. */
@Command(
    name = "doctor",
    description = {
      "Looks at this machine for what the back ends need: what was found, what is needed, what mends"
          + " it.",
      "Chooses the best back end for a place or an NVMe device, and says why."
    },
    mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
  private static final String INDENT = " ".repeat(27);

  private static final String PARTITION = "nvme\\d+n\\d+p\\d+";
  private static final String PCI_ADDRESS =
      "(\\p{XDigit}{4,}:)?\\p{XDigit}{2}:\\p{XDigit}{2}\\.\\d";

  /** Bits of st_mode (inode(7)). */
  private static final int FILE_TYPE = 0xf000;

  private static final int BLOCK_DEVICE = 0x6000;

  /** Back ends that need a library, which may be missing. */
  private static final Set<String> DRIVEN_IN_C = Set.of("spdk", "xnvme");

  @ParentCommand private @Nullable BasaltCommand parent;

  @Parameters(
      arity = "0..1",
      paramLabel = "PATH|DEVICE",
      defaultValue = ".",
      description = {
        "Where the store shall be: a directory, a file, /dev/nvme0n1, 0000:01:00.0 or a serial"
            + " number; default: the present directory."
      })
  private String name = ".";

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() {
    if (parent == null) {
      throw new IllegalStateException("started without its parent command");
    }
    if (!KernelInfo.isLinux()) {
      throw new CommandFailure(
          ExitCode.UNAVAILABLE, "the doctor knows Linux only; elsewhere there is file: alone");
    }
    Output out = parent.streams().out();
    HostFiles files = HostFiles.ofThisHost();
    Target target = target(files, name);
    SystemFacts system = SystemFacts.ofThisProcess(schemes());
    Diagnosis diagnosis = Doctor.diagnose(HostFacts.read(files, system, target));
    if (json) {
      printJson(out, target, diagnosis);
    } else {
      print(out, target, diagnosis);
    }
    return diagnosis.choice().uri().isEmpty() ? ExitCode.UNAVAILABLE : ExitCode.DONE;
  }

  private static Target target(HostFiles files, String name) {
    List<NvmeDevice> found = NvmeDevices.find(files, NvmeDevices.read(files), name);
    Path path = Path.of(name);
    String node = node(path);
    if (!found.isEmpty() && !node.matches(PARTITION)) {
      return new Target.Device(name, found.getFirst());
    }
    if (!node.isEmpty()) {
      return new Target.Disk(name, new BlockUses(files).of(node));
    }
    if (name.startsWith("/dev/nvme") || name.matches(PCI_ADDRESS)) {
      throw new CommandFailure(ExitCode.NO_INPUT, "there is no device " + name);
    }
    String text = path.toAbsolutePath().normalize().toString();
    boolean needsSlash = Files.isDirectory(path) && !text.endsWith("/");
    return new Target.Place(text + (needsSlash ? "/" : ""), DirectProbe.of(path));
  }

  /** Returns the kernel's name of a block device; empty for anything else. */
  private static String node(Path path) {
    try {
      Path real = path.toRealPath();
      int mode = (int) Files.getAttribute(real, "unix:mode");
      return (mode & FILE_TYPE) == BLOCK_DEVICE ? real.getFileName().toString() : "";
    } catch (IOException _) { // Not there: a file to be made, or a serial number.
      return "";
    }
  }

  /** Those of this build, and those whose driver in C is here. */
  private static Set<String> schemes() {
    return Devices.providers().stream()
        .filter(provider -> !DRIVEN_IN_C.contains(provider.scheme()) || isUsable(provider))
        .map(BlockDeviceProvider::scheme)
        .collect(Collectors.toSet());
  }

  private static boolean isUsable(BlockDeviceProvider provider) {
    return provider.availability().usable();
  }

  private static void print(Output out, Target target, Diagnosis diagnosis) {
    for (Finding finding : diagnosis.findings()) {
      boolean isLoud = finding.severity().compareTo(Severity.ADVICE) >= 0;
      String severity = finding.severity().toString();
      out.format(
          "%-8s %-17s %s",
          isLoud ? severity : severity.toLowerCase(Locale.ROOT), finding.name(), finding.found());
      for (String detail : finding.details()) {
        out.line(INDENT + detail);
      }
      if (!finding.needed().isEmpty()) {
        out.line(INDENT + "needed: " + finding.needed());
      }
      if (!finding.mend().isEmpty()) {
        out.line(INDENT + "do:     " + finding.mend());
      }
    }
    printChoice(out, target, diagnosis);
  }

  private static void printChoice(Output out, Target target, Diagnosis diagnosis) {
    BackEndChoice choice = diagnosis.choice();
    String uri = choice.uri().isEmpty() ? "none" : choice.uri();
    out.line("");
    out.line("best for " + target.name() + ": " + uri + " (" + choice.reason() + ")");
    if (!choice.better().isEmpty()) {
      out.line("better: " + choice.better());
    }
    Finding first = diagnosis.first();
    out.line(
        first == null ? "nothing to do" : "do first: " + first.mend() + " (" + first.name() + ")");
  }

  private static void printJson(Output out, Target target, Diagnosis diagnosis) {
    out.json(
        generator -> {
          generator.writeStartObject();
          generator.writeStringField("target", target.name());
          generator.writeArrayFieldStart("findings");
          for (Finding finding : diagnosis.findings()) {
            generator.writeStartObject();
            generator.writeStringField("name", finding.name());
            generator.writeStringField(
                "severity", finding.severity().toString().toLowerCase(Locale.ROOT));
            generator.writeStringField("found", finding.found());
            generator.writeStringField("needed", finding.needed());
            generator.writeStringField("mend", finding.mend());
            generator.writeArrayFieldStart("details");
            for (String detail : finding.details()) {
              generator.writeString(detail);
            }
            generator.writeEndArray();
            generator.writeEndObject();
          }
          generator.writeEndArray();
          BackEndChoice choice = diagnosis.choice();
          generator.writeObjectFieldStart("best");
          generator.writeStringField("uri", choice.uri().isEmpty() ? null : choice.uri());
          generator.writeStringField("reason", choice.reason());
          generator.writeStringField("better", choice.better().isEmpty() ? null : choice.better());
          generator.writeEndObject();
          Finding first = diagnosis.first();
          generator.writeStringField("first", first == null ? null : first.mend());
          generator.writeEndObject();
        });
  }
}
