// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.internal.driver.SpdkProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * SPDK's own target, {@code nvmf_tgt}, as a process beside the test: 16 MiB with blocks of 512
 * bytes over TCP, and 16 MiB with blocks of 4 KiB over vfio-user. Needs no huge pages. Found in
 * {@code bin} of the directory that the environment variable {@code SPDK_DIR} names.
 */
final class SpdkTarget implements AutoCloseable {
  static final String OPTIONS = "?no-huge=true";
  private static final long BYTES = 16 << 20;
  private static final String NQN = "nqn.2026-01.dev.basalt:";

  /** A second namespace of the first subsystem. */
  private static final String MORE =
      """
      {"method": "nvmf_subsystem_add_ns",
        "params": {"nqn": "nqn.2026-01.dev.basalt:tcp", "namespace": {"bdev_name": "more"}}},
      """;

  private static final long START_NANOS = 60_000_000_000L;

  private final Path directory;
  private final int port;
  private final Process process;

  private SpdkTarget(Path directory, int port, Process process) {
    this.directory = directory;
    this.port = port;
    this.process = process;
  }

  /** Skips the tests, printing the reason, where there is no SPDK. */
  static void check() {
    BlockDeviceProvider.Availability availability = new SpdkProvider().availability();
    assumeTrue(availability.usable(), availability.reason());
    assumeTrue(program() != null, "SPDK_DIR does not name a directory with bin/nvmf_tgt");
  }

  private static @Nullable Path program() {
    String home = System.getenv("SPDK_DIR");
    Path program = Path.of(home == null ? "" : home, "bin", "nvmf_tgt");
    return home != null && Files.isExecutable(program) ? program : null;
  }

  /** Starts the target; its files are in a directory of the test. */
  static SpdkTarget start(Path directory) throws IOException {
    return start(directory, freePort());
  }

  private static SpdkTarget start(Path directory, int port) throws IOException {
    Path socket = Files.createDirectories(directory.resolve("vfio-user"));
    Files.deleteIfExists(socket.resolve("cntrl")); // of a target that was killed
    Path configuration = directory.resolve("target.json");
    Files.writeString(configuration, configuration(port, socket));
    Process process =
        new ProcessBuilder(
                String.valueOf(program()),
                "-m",
                "0x1",
                "-r",
                directory.resolve("rpc").toString(),
                "--disable-cpumask-locks",
                "--no-huge",
                "-s",
                "512",
                "-c",
                configuration.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("target.log").toFile())
            .start();
    SpdkTarget target = new SpdkTarget(directory, port, process);
    try {
      target.awaitReady(socket.resolve("cntrl"));
      return target;
    } catch (Throwable e) {
      target.kill();
      throw e;
    }
  }

  private static String configuration(int port, Path socket) {
    return """
        {"subsystems": [
          {"subsystem": "iobuf", "config": [{"method": "iobuf_set_options",
            "params": {"small_pool_count": 2048, "large_pool_count": 256}}]},
          {"subsystem": "bdev", "config": [%s, %s]},
          {"subsystem": "nvmf", "config": [
            {"method": "nvmf_create_transport", "params":
              {"trtype": "TCP", "max_queue_depth": 256}},
            {"method": "nvmf_create_transport", "params": {"trtype": "VFIOUSER"}},
            %s, %s]}]}
        """
        .formatted(
            disk("tcp", 512) + ", " + disk("more", 512),
            disk("vfio", 4096),
            subsystem(
                "tcp",
                """
                "trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": "%d\"\
                """
                    .formatted(port),
                MORE),
            subsystem(
                "vfio",
                """
                "trtype": "VFIOUSER", "traddr": "%s", "trsvcid": "0\"\
                """
                    .formatted(socket),
                ""));
  }

  private static String disk(String name, int blockBytes) {
    return """
        {"method": "bdev_malloc_create",
          "params": {"name": "%s", "num_blocks": %d, "block_size": %d}}
        """
        .formatted(name, BYTES / blockBytes, blockBytes);
  }

  private static String subsystem(String disk, String address, String more) {
    return """
        {"method": "nvmf_create_subsystem",
          "params": {"nqn": "%1$s", "allow_any_host": true, "serial_number": "%2$s"}},
        {"method": "nvmf_subsystem_add_ns",
          "params": {"nqn": "%1$s", "namespace": {"bdev_name": "%2$s"}}},
        %4$s
        {"method": "nvmf_subsystem_add_listener",
          "params": {"nqn": "%1$s", "listen_address": {%3$s}}}
        """
        .formatted(NQN + disk, disk, address, more);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void awaitReady(Path socket) throws IOException {
    long start = System.nanoTime();
    while (!Files.exists(socket) || !isListening()) {
      if (!process.isAlive() || System.nanoTime() - start > START_NANOS) {
        throw new IOException(
            "nvmf_tgt does not start: " + Files.readString(directory.resolve("target.log")));
      }
      Thread.onSpinWait();
    }
  }

  private boolean isListening() {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException _) { // Not yet.
      return false;
    }
  }

  String tcp() {
    return "spdk:tcp://127.0.0.1:" + port + "/" + NQN + "tcp/1" + OPTIONS;
  }

  String vfioUser() {
    return "spdk:vfio-user://" + directory.resolve("vfio-user") + "/" + NQN + "vfio/1" + OPTIONS;
  }

  static long sizeBytes() {
    return BYTES;
  }

  /** Ends it without notice. */
  void kill() {
    process.destroyForcibly();
    awaitEnd();
  }

  /** Starts it again at the same addresses, with empty disks. */
  SpdkTarget restart() throws IOException {
    return start(directory, port);
  }

  @Override
  public void close() {
    process.destroy();
    awaitEnd();
  }

  private void awaitEnd() {
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("nvmf_tgt does not end");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
