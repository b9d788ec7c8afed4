// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A controller of the guest machine, and what the kernel says of it.
 *
 * @param serial its serial number; {@code scripts/guest/machine} lists them
 * @param address its PCI address
 */
record GuestController(String serial, String address) {
  private static final Path CONTROLLERS = Path.of("/run/basalt/controllers");
  private static final int MARKED_BYTES = 1 << 20;
  private static final long WAIT_NANOS = 120_000_000_000L;
  private static final long NAP_NANOS = 10_000_000;

  /** Skips tests outside of the guest machine, printing the reason. */
  static void check() {
    assumeTrue(Files.exists(CONTROLLERS), "not in the guest machine: scripts/vm test");
  }

  static GuestController of(String serial) throws IOException {
    for (String line : Files.readAllLines(CONTROLLERS)) {
      if (line.startsWith(serial + " ")) {
        return new GuestController(serial, line.substring(serial.length() + 1));
      }
    }
    throw new IOException(CONTROLLERS + " has no controller " + serial);
  }

  /** Returns the driver it has, or "none". */
  String driver() throws IOException {
    Path link = sysfs().resolve("driver");
    return Files.exists(link) ? link.toRealPath().getFileName().toString() : "none";
  }

  /** Returns which driver alone may take it, "(null)" where any may. */
  String driverOverride() throws IOException {
    return Files.readString(sysfs().resolve("driver_override")).strip();
  }

  /** Returns the name of its first namespace, such as {@code nvme0n1}; waits until it is there. */
  String namespace() {
    await("the first namespace of " + serial, () -> find() != null);
    return String.valueOf(find());
  }

  /** Overwrites what tells from the outside what its first namespace holds. */
  void clear() throws IOException {
    Path node = Path.of("/dev", namespace());
    try (FileChannel channel = FileChannel.open(node, StandardOpenOption.WRITE)) {
      ByteBuffer zeroes = ByteBuffer.allocate(MARKED_BYTES);
      while (zeroes.hasRemaining()) {
        channel.write(zeroes);
      }
      channel.force(true);
    }
  }

  /** Fails where another driver than the kernel's has it, or was asked for. */
  void assertUnchanged() throws IOException {
    assertEquals("nvme", driver());
    assertEquals("(null)", driverOverride());
  }

  /** Waits for something that happens in another process or in the kernel. */
  static void await(String what, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() - start < WAIT_NANOS, "waited in vain for " + what);
      LockSupport.parkNanos(NAP_NANOS);
    }
  }

  private Path sysfs() {
    return Path.of("/sys/bus/pci/devices", address);
  }

  private @Nullable String find() {
    try (Stream<Path> found = Files.walk(sysfs().resolve("nvme"), 2)) {
      return found
          .map(path -> path.getFileName().toString())
          .filter(name -> name.matches("nvme\\d+n1") && Files.exists(Path.of("/dev", name)))
          .findFirst()
          .orElse(null);
    } catch (IOException | UncheckedIOException _) { // No driver, or it has only just begun.
      return null;
    }
  }
}
