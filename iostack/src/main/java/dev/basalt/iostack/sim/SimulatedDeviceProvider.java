// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.DeviceUri;
import dev.basalt.iostack.agent.Execution;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Opens {@code sim:64MiB?seed=7&block=4096&atomic=4096&cache=false&powerCutAt=1000&errorAt=10}: a
 * size and options, all of which may be absent.
 */
public final class SimulatedDeviceProvider implements BlockDeviceProvider {
  private static final Set<String> OPTIONS =
      Set.of("seed", "block", "atomic", "cache", "powerCutAt", "errorAt");

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
    for (String option : uri.options().keySet()) {
      if (!OPTIONS.contains(option)) {
        throw new IllegalArgumentException(
            "option '" + option + "' of " + uri + " is unknown; there are " + sorted());
      }
    }
    Map<String, String> options = uri.options();
    int blockBytes = (int) number(options, "block", 512);
    int atomicBytes = (int) number(options, "atomic", blockBytes);
    boolean cache = Boolean.parseBoolean(options.getOrDefault("cache", "true"));
    long blockCount = size(uri.target()) / blockBytes;
    SimulatedGeometry geometry =
        new SimulatedGeometry(blockCount, 4 * blockCount, blockBytes, atomicBytes, cache);
    SimulationPlan plan =
        SimulationPlan.of(number(options, "seed", 0))
            .withPowerCutAt(number(options, "powerCutAt", 0))
            .withErrorAt(number(options, "errorAt", 0));
    return new SimulatedDevice(geometry, plan, execution);
  }

  private static String sorted() {
    return String.join(", ", OPTIONS.stream().sorted().toList());
  }

  private static long number(Map<String, String> options, String name, long absent) {
    String text = options.get(name);
    try {
      return text == null ? absent : Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "option '" + name + "' is '" + text + "', needed: a number", e);
    }
  }

  private static long size(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    int shift = 0;
    String digits = lower;
    String[] units = {"kib", "mib", "gib", "tib"};
    for (int i = 0; i < units.length; i++) {
      if (lower.endsWith(units[i])) {
        shift = 10 * (i + 1);
        digits = lower.substring(0, lower.length() - units[i].length());
      }
    }
    try {
      return Math.multiplyExact(Long.parseLong(digits), 1L << shift);
    } catch (NumberFormatException | ArithmeticException e) {
      throw new IllegalArgumentException(
          "size is '" + text + "', needed: such as 64MiB, 1GiB or a number of bytes", e);
    }
  }
}
