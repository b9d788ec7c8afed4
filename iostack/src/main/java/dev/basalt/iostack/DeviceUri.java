// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The name of a device: {@code scheme:target?option=value&option=value}.
 *
 * @param scheme the back end
 * @param target path, PCI address or size, as the back end defines it
 * @param options in the order given
 */
public record DeviceUri(String scheme, String target, Map<String, String> options) {
  /**
   * Parses a URI.
   *
   * @param text such as {@code ram:1GiB} or {@code sim:64MiB?seed=7}
   * @return its parts
   * @throws IllegalArgumentException when it has no scheme or a malformed option
   */
  public static DeviceUri parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 1) {
      throw new IllegalArgumentException(
          "device '" + text + "' has no scheme; needed: such as io_uring:/data/store");
    }
    String rest = text.substring(colon + 1);
    int query = rest.indexOf('?');
    String target = query < 0 ? rest : rest.substring(0, query);
    Map<String, String> options = new LinkedHashMap<>();
    for (String option : query < 0 ? new String[0] : rest.substring(query + 1).split("&", -1)) {
      int equals = option.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            "option '" + option + "' of device '" + text + "' is not of the form name=value");
      }
      options.put(option.substring(0, equals), option.substring(equals + 1));
    }
    return new DeviceUri(text.substring(0, colon), target, options);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(scheme).append(':').append(target);
    char separator = '?';
    for (Map.Entry<String, String> option : options.entrySet()) {
      text.append(separator).append(option.getKey()).append('=').append(option.getValue());
      separator = '&';
    }
    return text.toString();
  }
}
