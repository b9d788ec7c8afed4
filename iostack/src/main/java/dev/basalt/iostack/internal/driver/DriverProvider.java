// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.driver;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.DeviceUri;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.spdk.NativeDevice;
import dev.basalt.spdk.NativeDriver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Opens devices of a driver in C, whose library is found at run time. Target and options of the URI
 * are handed to the driver as they are.
 */
abstract class DriverProvider implements BlockDeviceProvider {
  private final String scheme;
  private final String driver;
  private final String advice;

  /**
   * Creates the provider.
   *
   * @param scheme of the URIs
   * @param driver name of the driver, which its library is named after
   * @param advice how to get it
   */
  DriverProvider(String scheme, String driver, String advice) {
    this.scheme = scheme;
    this.driver = driver;
    this.advice = advice;
  }

  @Override
  public final String scheme() {
    return scheme;
  }

  @Override
  public final Availability availability() {
    try {
      return new Availability(true, load().toString());
    } catch (IOException e) {
      return new Availability(false, String.valueOf(e.getMessage()));
    }
  }

  private NativeDriver load() throws IOException {
    try {
      return NativeDriver.load(driver);
    } catch (IOException e) {
      throw new IOException("to get it, " + advice + "; " + e.getMessage(), e);
    }
  }

  @Override
  public final BlockDevice open(DeviceUri uri, Execution execution) throws IOException {
    if (uri.target().isEmpty()) {
      throw new IllegalArgumentException("device '" + uri + "' names nothing after its scheme");
    }
    List<String> options = new ArrayList<>();
    for (Map.Entry<String, String> option : uri.options().entrySet()) {
      options.add(option.getKey() + "=" + option.getValue());
    }
    NativeDevice device = load().openDevice(uri.target(), String.join("&", options));
    BlockDevice opened = null;
    try {
      opened = new DriverDevice(device, execution);
      return opened;
    } finally {
      if (opened == null) {
        device.close();
      }
    }
  }
}
