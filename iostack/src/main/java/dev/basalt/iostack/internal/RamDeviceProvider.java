// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.DeviceUri;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;

/** Opens devices in memory: {@code ram:1GiB}, growing with {@code ram:64MiB?max=1GiB}. */
public final class RamDeviceProvider implements BlockDeviceProvider {
  /** Creates the provider; for {@link java.util.ServiceLoader}. */
  public RamDeviceProvider() {}

  @Override
  public String scheme() {
    return "ram";
  }

  @Override
  public Availability availability() {
    return Platform.isLinux()
        ? new Availability(true, "memory of this process; keeps nothing")
        : new Availability(false, "needs Linux; use file:");
  }

  @Override
  public BlockDevice open(DeviceUri uri, Execution execution) throws IOException {
    UriOptions options = new UriOptions(uri, "max");
    Platform.requireUsable(this);
    long sizeBytes = UriOptions.sizeBytes(uri.target());
    if (sizeBytes < RamDevice.BLOCK_BYTES) {
      throw new IllegalArgumentException(
          "size is '" + uri.target() + "', needed: at least " + RamDevice.BLOCK_BYTES + " bytes");
    }
    return new RamDevice(
        sizeBytes, Math.max(sizeBytes, options.sizeBytes("max", sizeBytes)), execution);
  }
}
