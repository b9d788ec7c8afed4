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
import dev.basalt.linux.Memlock;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Opens regular files and block devices past the page cache: {@code io_uring:/data/store}. With
 * {@code create=true} a missing file is created, empty; with {@code size=1GiB} a file is made at
 * least so large; with {@code fixed=true} transfers go through registered buffers.
 */
public final class UringDeviceProvider implements BlockDeviceProvider {
  /** What registered buffers take at depth 128. */
  private static final long LOCKED_BYTES = 8L << 20;

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
      String how = "Linux " + KernelInfo.release() + ", " + ring.mode();
      return new Availability(true, how + "; direct files and disks" + lockedMemory());
    } catch (ErrnoException e) {
      return new Availability(false, String.valueOf(e.getMessage()));
    }
  }

  /** Says so where registered buffers of a usual depth would be refused. */
  private static String lockedMemory() {
    long limit = Memlock.limitBytes();
    return limit == Memlock.UNLIMITED || limit >= LOCKED_BYTES
        ? ""
        : "; fixed=true without CAP_IPC_LOCK: locked memory is limited to "
            + Memlock.describe()
            + ", 'ulimit -l "
            + LOCKED_BYTES / 1024
            + "' raises it";
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
