// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/** Opens block devices by URI. */
public final class Devices {
  private Devices() {}

  /**
   * Returns all back ends on the module path, usable here or not.
   *
   * @return in the order of their schemes
   */
  public static List<BlockDeviceProvider> providers() {
    List<BlockDeviceProvider> providers = new ArrayList<>();
    ServiceLoader.load(BlockDeviceProvider.class, Devices.class.getClassLoader())
        .forEach(providers::add);
    providers.sort((a, b) -> a.scheme().compareTo(b.scheme()));
    return providers;
  }

  /**
   * Opens the device a URI names, with the back end found by its scheme.
   *
   * @param uri such as {@code io_uring:/data/store}
   * @param execution the seam its waits go through
   * @return the device, to be closed by the caller
   * @throws IllegalArgumentException when the URI is malformed or no back end has its scheme
   * @throws IOException when the back end cannot run here or the device cannot be opened; the
   *     message says what was found and what to do
   */
  public static BlockDevice open(String uri, Execution execution) throws IOException {
    DeviceUri parsed = DeviceUri.parse(uri);
    return provider(parsed).open(parsed, execution);
  }

  /**
   * Opens the device a URI names, and makes it first where it is missing and its back end can.
   *
   * @param uri such as {@code io_uring:/data/store}; an option {@code create} of its own wins
   * @param execution the seam its waits go through
   * @return the device, to be closed by the caller
   * @throws IllegalArgumentException when the URI is malformed or no back end has its scheme
   * @throws IOException when the back end cannot run here or the device cannot be opened; the
   *     message says what was found and what to do
   */
  public static BlockDevice openOrCreate(String uri, Execution execution) throws IOException {
    DeviceUri parsed = DeviceUri.parse(uri);
    BlockDeviceProvider provider = provider(parsed);
    if (provider.canCreate() && !parsed.options().containsKey("create")) {
      Map<String, String> options = new LinkedHashMap<>(parsed.options());
      options.put("create", "true");
      parsed = new DeviceUri(parsed.scheme(), parsed.target(), options);
    }
    return provider.open(parsed, execution);
  }

  private static BlockDeviceProvider provider(DeviceUri uri) {
    List<String> schemes = new ArrayList<>();
    for (BlockDeviceProvider provider : providers()) {
      if (provider.scheme().equals(uri.scheme())) {
        return provider;
      }
      schemes.add(provider.scheme() + ":");
    }
    throw new IllegalArgumentException(
        "no back end for '" + uri + "'; there are " + String.join(", ", schemes));
  }
}
