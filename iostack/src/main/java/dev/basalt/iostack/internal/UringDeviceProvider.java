// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.DeviceUri;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.DirectFile;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.IoUring;
import dev.basalt.linux.KernelInfo;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Opens regular files and block devices past the page cache: {@code io_uring:/data/store}. With
 * {@code create=true} a missing file is created, empty; with {@code size=1GiB} a file is made at
 * least so large; with {@code fixed=true} transfers go through registered buffers.
 */
public final class UringDeviceProvider implements BlockDeviceProvider {
  /** Creates the provider; for {@link java.util.ServiceLoader}. */
  public UringDeviceProvider() {}

  @Override
  public String scheme() {
    return "io_uring";
  }

  @Override
  public Availability availability() {
    if (!Platform.isLinux()) {
      return new Availability(false, "needs Linux; use file:");
    }
    try (IoUring ring = new IoUring(1)) {
      return new Availability(
          true, "Linux " + KernelInfo.release() + ", " + ring.mode() + "; direct files and disks");
    } catch (ErrnoException e) {
      return new Availability(false, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public boolean canCreate() {
    return true;
  }

  @Override
  public BlockDevice open(DeviceUri uri, Execution execution) throws IOException {
    UriOptions options = new UriOptions(uri, "create", "size", "fixed");
    // All of them before the file is touched: a mistake must not leave a new file behind.
    boolean isFixed = options.flag("fixed", false);
    long sizeBytes = options.sizeBytes("size", 0);
    Platform.requireUsable(this);
    DirectFile file =
        DirectFile.open(
            Path.of(uri.target()), options.flag("create", false), DirectFile.Mode.DIRECT);
    try {
      UringDevice device = new UringDevice(file, isFixed, execution);
      int blockBytes = device.capabilities().blockBytes();
      device.grow(Math.ceilDiv(sizeBytes, blockBytes));
      return device;
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }
}
