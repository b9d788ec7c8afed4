// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A controller of the guest machine that vfio-pci has, from creation to {@link #close}, which gives
 * it back to the kernel's driver and waits until that has found the namespaces.
 */
public final class VfioBinding implements AutoCloseable {
  private static final Path PROBE = Path.of("/sys/bus/pci/drivers_probe");
  private static final long WAIT_NANOS = 30_000_000_000L;

  private final String serial;
  private final String address;
  private final Path device;

  /**
   * Binds a controller.
   *
   * @param serial one of {@link GuestMachine}'s constants
   * @throws IOException when the guest machine has no such controller, or the kernel refuses
   */
  public VfioBinding(String serial) throws IOException {
    this.serial = serial;
    address = GuestMachine.pciAddress(serial);
    device = Path.of("/sys/bus/pci/devices", address);
    bind("vfio-pci");
  }

  /**
   * Returns the PCI address.
   *
   * @return such as {@code 0000:00:10.0}
   */
  public String address() {
    return address;
  }

  /**
   * Returns the URI of a namespace.
   *
   * @param namespaceId 1 or above
   * @return such as {@code vfio:0000:00:10.0/1}
   */
  public String uri(int namespaceId) {
    return "vfio:" + address + "/" + namespaceId;
  }

  private void bind(String driver) throws IOException {
    Path present = device.resolve("driver");
    if (Files.exists(present)) {
      Files.writeString(present.resolve("unbind"), address);
    }
    Files.writeString(device.resolve("driver_override"), driver.equals("nvme") ? "\n" : driver);
    Files.writeString(PROBE, address);
    assertEquals(driver, present.toRealPath().getFileName().toString());
  }

  @Override
  public void close() {
    try {
      bind("nvme");
      long start = System.nanoTime();
      while (!hasBlockDevice()) {
        if (System.nanoTime() - start > WAIT_NANOS) {
          throw new AssertionError("the kernel finds no namespace of " + serial);
        }
        Thread.onSpinWait();
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private boolean hasBlockDevice() {
    try {
      return Files.isWritable(GuestMachine.blockDevice(serial, 1));
    } catch (IOException _) { // Not yet.
      return false;
    }
  }
}
