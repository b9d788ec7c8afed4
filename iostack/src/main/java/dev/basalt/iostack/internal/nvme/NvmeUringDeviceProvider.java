// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.DeviceUri;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.Platform;
import dev.basalt.iostack.internal.UriOptions;
import dev.basalt.iostack.internal.nvme.NvmeUringDevice.Polling;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.IoUring;
import dev.basalt.linux.KernelInfo;
import dev.basalt.linux.NvmeGenericFile;
import dev.basalt.linux.SubmissionEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Sends NVMe commands through io_uring to namespaces of controllers that the kernel's driver has:
 * {@code nvme-uring:/dev/ng0n1}. With {@code poll=true} it uses the driver's queues without
 * interrupts, with {@code poll=false} those with (default {@code auto}: without where there are
 * some); with {@code timeout-ms=N} a command that takes longer is aborted (default 10,000).
 */
public final class NvmeUringDeviceProvider implements BlockDeviceProvider {
  private static final String POLL = "poll";

  /** Creates the provider; for {@link java.util.ServiceLoader}. */
  public NvmeUringDeviceProvider() {}

  @Override
  public String scheme() {
    return "nvme-uring";
  }

  @Override
  public Availability availability() {
    if (!Platform.isLinux()) {
      return new Availability(false, "needs Linux");
    }
    try (IoUring ring = new IoUring(1, IoUring.Kind.COMMANDS)) {
      return ring.supports(SubmissionEntry.OP_URING_CMD)
          ? new Availability(
              true,
              "Linux %s, %s; NVMe devices with the kernel's driver ('basalt device list')"
                  .formatted(KernelInfo.release(), ring.mode()))
          : new Availability(false, "this kernel hands no commands to devices; use io_uring:");
    } catch (ErrnoException e) {
      return new Availability(false, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public BlockDevice open(DeviceUri uri, Execution execution) throws IOException {
    UriOptions options = new UriOptions(uri, POLL, NvmeConfig.TIMEOUT);
    NvmeConfig config = NvmeConfig.of(options);
    Polling polling = polling(uri);
    Platform.requireUsable(this);
    NvmeGenericFile file = NvmeGenericFile.open(Path.of(uri.target()));
    return NvmeUringDevice.open(file, polling, config, execution);
  }

  private static Polling polling(DeviceUri uri) {
    String text = uri.options().getOrDefault(POLL, "auto");
    for (Polling polling : Polling.values()) {
      if (polling.name().toLowerCase(Locale.ROOT).equals(text)) {
        return polling;
      }
    }
    throw new IllegalArgumentException(
        "option '" + POLL + "' of " + uri + " is '" + text + "', needed: auto, true or false");
  }
}
