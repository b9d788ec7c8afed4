// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.DeviceUri;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.UriOptions;

/**
 * Opens simulated devices: {@code
 * sim:64MiB?max=1GiB&block=4096&atomic=4096&cache=false&seed=7&powerCutAt=1000&errorAt=10}. All
 * options may be absent.
 */
public final class SimulatedDeviceProvider implements BlockDeviceProvider {
  /** Creates the provider; for {@link java.util.ServiceLoader}. */
  public SimulatedDeviceProvider() {}

  @Override
  public String scheme() {
    return "sim";
  }

  @Override
  public Availability availability() {
    return new Availability(true, "deterministic device in memory, for tests; keeps nothing");
  }

  @Override
  public BlockDevice open(DeviceUri uri, Execution execution) {
    UriOptions options =
        new UriOptions(uri, "max", "block", "atomic", "cache", "seed", "powerCutAt", "errorAt");
    long sizeBytes = UriOptions.sizeBytes(uri.target());
    int blockBytes = (int) options.sizeBytes("block", 512);
    SimulatedGeometry geometry =
        new SimulatedGeometry(
            sizeBytes / blockBytes,
            options.sizeBytes("max", 4 * sizeBytes) / blockBytes,
            blockBytes,
            (int) options.sizeBytes("atomic", blockBytes),
            options.flag("cache", true));
    SimulationPlan plan =
        SimulationPlan.of(options.number("seed", 0))
            .withPowerCutAt(options.number("powerCutAt", 0))
            .withErrorAt(options.number("errorAt", 0));
    return new SimulatedDevice(geometry, plan, execution);
  }
}
