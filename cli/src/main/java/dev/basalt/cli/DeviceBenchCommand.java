// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.basalt.cli.bench.DeviceLoad;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeDevices;
import dev.basalt.linux.host.NvmeNamespace;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures what one NVMe device does, through a back end. */
@Command(
    name = "bench",
    description = {
      "Measures how many transfers one NVMe device does, and how long they take.",
      "One thread, one queue pair. Reads, unless --write is given, which destroys what is on it."
    },
    mixinStandardHelpOptions = true)
final class DeviceBenchCommand extends DeviceSubcommand {
  private static final double BYTES_PER_MEBIBYTE = 1 << 20;
  private static final int WARM_UP_PARTS = 5;

  @Parameters(
      paramLabel = "DEVICE",
      description = "Address (0000:01:00.0), /dev/nvme0, /dev/nvme0n1 or serial number.")
  private String name = "";

  @Option(
      names = "--namespace",
      paramLabel = "ID",
      description = "Which namespace (default: that of the disk named, else 1).")
  private @Nullable Integer namespace;

  @Option(
      names = "--backend",
      paramLabel = "SCHEME",
      description = "How to reach it (default: vfio when it is bound to that, else io_uring).")
  private @Nullable String scheme;

  @Option(
      names = "--size",
      paramLabel = "BYTES",
      defaultValue = "4096",
      description = "Of a transfer (default: ${DEFAULT-VALUE}).")
  private int transferBytes;

  @Option(
      names = "--depth",
      paramLabel = "N",
      defaultValue = "32",
      description = "Transfers in flight (default: ${DEFAULT-VALUE}).")
  private int depth;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "5",
      description = "How long to measure (default: ${DEFAULT-VALUE}), after a fifth of it.")
  private int seconds;

  @Option(names = "--sequential", description = "One after the other instead of at random.")
  private boolean sequential;

  @Option(names = "--write", description = "Write: overwrites the namespace. Needs --serial.")
  private boolean write;

  @Option(
      names = "--serial",
      paramLabel = "SERIAL",
      description = "With --write: the serial number, or of a device bound to vfio, the address.")
  private @Nullable String serial;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    BenchReport.check("--seconds", seconds, 1, 1_000_000);
    BenchReport.check("--depth", depth, 1, 65_536);
    BenchReport.check("--size", transferBytes, 512, 1 << 30);
    NvmeDevice device = find(name);
    int namespaceId = namespaceId(device);
    if (write && !device.confirmation().equals(serial)) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "--write overwrites namespace %d of %s; to say that it is meant, give --serial %s"
              .formatted(namespaceId, device.name(), device.confirmation()));
    }
    String uri = uri(device, namespaceId);
    DeviceLoad.Shape shape = new DeviceLoad.Shape(write, sequential, transferBytes, depth);
    try (BlockDevice opened = Devices.open(uri, Execution.threads());
        DeviceLoad load = new DeviceLoad(opened, shape)) {
      load.run(Duration.ofSeconds(seconds).dividedBy(WARM_UP_PARTS));
      Duration cpuBefore = BenchReport.cpuTime();
      long startNanos = System.nanoTime();
      Histogram latencies = load.run(Duration.ofSeconds(seconds));
      double wallSeconds = (System.nanoTime() - startNanos) / BenchReport.NANOS_PER_SECOND;
      double cpuSeconds =
          BenchReport.cpuTime().minus(cpuBefore).toNanos() / BenchReport.NANOS_PER_SECOND;
      report(uri, opened, latencies, wallSeconds, cpuSeconds);
    }
    return ExitCode.DONE;
  }

  /** Of the disk that was named, which must be no other than the one asked for. */
  private int namespaceId(NvmeDevice device) {
    String node = NvmeDevices.nameOf(files(), name);
    for (NvmeNamespace known : device.namespaces()) {
      if (known.partitions().stream().anyMatch(node::equalsIgnoreCase)) {
        throw new CommandFailure(
            ExitCode.USAGE,
            "%s is a partition of %s; name the disk, all of which is measured"
                .formatted(node, known.name()));
      }
      if (node.equalsIgnoreCase(known.name()) || node.equalsIgnoreCase(known.genericName())) {
        if (namespace != null && namespace != known.id()) {
          throw new CommandFailure(
              ExitCode.USAGE, "%s is namespace %d, not %d".formatted(node, known.id(), namespace));
        }
        return known.id();
      }
    }
    return namespace == null ? 1 : namespace;
  }

  private String uri(NvmeDevice device, int namespaceId) {
    boolean isBound = device.function() != null && device.function().isBoundToVfio();
    String chosen = scheme != null ? scheme : isBound ? "vfio" : "io_uring";
    if (chosen.equals("vfio")) {
      return "vfio:" + device.address() + "/" + namespaceId;
    }
    for (NvmeNamespace known : device.namespaces()) {
      if (known.id() == namespaceId) {
        String node = chosen.equals("nvme-uring") ? known.genericName() : known.name();
        return chosen + ":/dev/" + node;
      }
    }
    throw new CommandFailure(
        ExitCode.NO_INPUT,
        "the kernel knows no namespace %d of %s; it knows: %s"
            .formatted(
                namespaceId,
                device.name(),
                device.namespaces().stream().map(NvmeNamespace::id).toList()));
  }

  private void report(
      String uri, BlockDevice device, Histogram latencies, double wallSeconds, double cpuSeconds) {
    double perSecond = latencies.getTotalCount() / wallSeconds;
    double mebibytes = perSecond * transferBytes / BYTES_PER_MEBIBYTE;
    double cpuMicros = cpuSeconds * 1e6 / Math.max(1, latencies.getTotalCount());
    if (json) {
      out().json(generator -> write(generator, uri, device, latencies, wallSeconds, cpuSeconds));
      return;
    }
    out().line(uri + ", " + device.capabilities().description());
    out()
        .format(
            "%s %s of %,d bytes, depth %d, %.1f s",
            sequential ? "sequential" : "random",
            write ? "writes" : "reads",
            transferBytes,
            depth,
            wallSeconds);
    out()
        .format(
            "%,.0f per second, %,.1f MiB/s, %.2f us of CPU each", perSecond, mebibytes, cpuMicros);
    StringBuilder line = new StringBuilder("latency in us:");
    List<Double> micros = BenchReport.micros(latencies);
    for (int i = 0; i < micros.size(); i++) {
      line.append(
          String.format(Locale.ROOT, "  %s %,.1f", BenchReport.names().get(i), micros.get(i)));
    }
    out().line(line.toString());
  }

  private void write(
      JsonGenerator generator,
      String uri,
      BlockDevice device,
      Histogram latencies,
      double wallSeconds,
      double cpuSeconds)
      throws IOException {
    generator.writeStartObject();
    generator.writeStringField("device", uri);
    generator.writeStringField("description", device.capabilities().description());
    generator.writeBooleanField("isWriting", write);
    generator.writeBooleanField("isSequential", sequential);
    generator.writeNumberField("transferBytes", transferBytes);
    generator.writeNumberField("depth", depth);
    generator.writeNumberField("wallSeconds", wallSeconds);
    generator.writeNumberField("cpuSeconds", cpuSeconds);
    BenchReport.write(generator, latencies);
    generator.writeEndObject();
  }
}
