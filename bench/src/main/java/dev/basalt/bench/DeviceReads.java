// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.BlockDevice;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Random reads of a device: by one thread through a queue pair of its own, by several virtual
 * threads through a poller. One process for both, because a file is open in one process only.
 *
 * <p>Arguments: the device's URI, bytes of a read, depth.
 */
final class DeviceReads implements Worker {
  private @Nullable BlockDevice device;
  private @Nullable QueuePairReads direct;
  private @Nullable PollerReads poller;

  @Override
  public void prepare(String[] arguments) throws IOException {
    device = NullDevice.open(arguments[0]);
    int readBytes = Integer.parseInt(arguments[1]);
    int depth = Integer.parseInt(arguments[2]);
    direct = new QueuePairReads(device, readBytes, depth);
    poller = new PollerReads(device, readBytes, depth);
  }

  @Override
  public Sample round(long nanos, int threads) throws IOException {
    return threads == 1
        ? Objects.requireNonNull(direct).round(nanos)
        : Objects.requireNonNull(poller).round(nanos, threads);
  }

  @Override
  public void close() {
    if (direct != null) {
      direct.close();
    }
    if (poller != null) {
      poller.close();
    }
    if (device != null) {
      device.close();
    }
  }
}
