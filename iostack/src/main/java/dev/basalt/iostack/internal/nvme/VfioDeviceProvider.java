// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.DeviceUri;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.Platform;
import dev.basalt.iostack.internal.UriOptions;
import dev.basalt.linux.VfioDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Drives namespaces of NVMe controllers that are bound to vfio-pci: {@code vfio:0000:01:00.0/1},
 * the PCI address and the namespace (1 when not given). With {@code timeout-ms=N} a command that
 * takes longer is aborted (default 10,000). With {@code interrupts=true} pollers that wait for
 * commands sleep until an interrupt; otherwise they look every 50 us, which is quicker and costs
 * more. With {@code iommufd=true} it is taken by iommufd although there are groups.
 */
public final class VfioDeviceProvider implements BlockDeviceProvider {
  private static final Path CONTAINER = Path.of("/dev/vfio/vfio");
  private static final Path IOMMU = Path.of("/dev/iommu");

  /** Creates the provider; for {@link java.util.ServiceLoader}. */
  public VfioDeviceProvider() {}

  @Override
  public String scheme() {
    return "vfio";
  }

  @Override
  public Availability availability() {
    if (!Platform.isLinux() || !"amd64".equals(System.getProperty("os.arch"))) {
      return new Availability(false, "needs Linux on x86-64");
    }
    if (!Files.exists(CONTAINER) && !Files.exists(IOMMU)) {
      return new Availability(
          false,
          "there is neither "
              + CONTAINER
              + " nor "
              + IOMMU
              + ": load the driver, 'modprobe vfio-pci' as root");
    }
    return new Availability(true, "NVMe devices bound to vfio-pci ('basalt device list')");
  }

  @Override
  public BlockDevice open(DeviceUri uri, Execution execution) throws IOException {
    UriOptions options = new UriOptions(uri, NvmeConfig.TIMEOUT, NvmeConfig.INTERRUPTS, "iommufd");
    NvmeConfig config = NvmeConfig.of(options);
    String[] target = uri.target().split("/", -1);
    if (target.length > 2
        || !target[0].matches("[0-9a-fA-F]{4}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7]")) {
      throw new IllegalArgumentException(
          "device '" + uri + "', needed: such as vfio:0000:01:00.0/1 (PCI address / namespace)");
    }
    VfioDevice.Route route =
        options.flag("iommufd", false) ? VfioDevice.Route.IOMMUFD : VfioDevice.Route.ANY;
    int namespaceId = target.length == 1 ? 1 : namespaceId(uri, target[1]);
    Platform.requireUsable(this);
    NvmeBus bus = new VfioBus(VfioDevice.open(target[0], route));
    return NvmeNamespaceDevice.open(
        NvmeController.open(bus, config, execution), namespaceId, target[0]);
  }

  /**
   * Starts a controller, to ask it.
   *
   * @param address its PCI address
   * @param execution the seam for waits
   * @return the running controller, to be closed by the caller
   * @throws IOException when it cannot be had; the message says why and what to do
   */
  public static NvmeController openController(String address, Execution execution)
      throws IOException {
    NvmeBus bus = new VfioBus(VfioDevice.open(address));
    return NvmeController.open(bus, NvmeConfig.defaults(), execution);
  }

  private static int namespaceId(DeviceUri uri, String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "device '" + uri + "' names the namespace '" + text + "', needed: a number from 1", e);
    }
  }
}
