// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.DeviceUri;
import java.util.Locale;
import java.util.Set;

/** The options of a device's URI, each of them known to the back end. */
public final class UriOptions {
  private static final String[] UNITS = {"kib", "mib", "gib", "tib"};

  private final DeviceUri uri;

  /**
   * Refuses options that are not among the names.
   *
   * @param uri the URI
   * @param names the options the back end knows
   */
  public UriOptions(DeviceUri uri, String... names) {
    this.uri = uri;
    Set<String> known = Set.of(names);
    for (String option : uri.options().keySet()) {
      if (!known.contains(option)) {
        throw new IllegalArgumentException(
            "option '"
                + option
                + "' of "
                + uri
                + " is unknown; there are "
                + String.join(", ", names));
      }
    }
    if (uri.target().isEmpty()) {
      throw new IllegalArgumentException("device '" + uri + "' names nothing after its scheme");
    }
  }

  /**
   * Reads a truth value.
   *
   * @param name the option
   * @param absent what holds when it was not given
   * @return the value
   */
  public boolean flag(String name, boolean absent) {
    String text = uri.options().getOrDefault(name, Boolean.toString(absent));
    if (!text.equals("true") && !text.equals("false")) {
      throw new IllegalArgumentException(
          "option '" + name + "' of " + uri + " is '" + text + "', needed: true or false");
    }
    return text.equals("true");
  }

  /**
   * Reads a whole number.
   *
   * @param name the option
   * @param absent what holds when it was not given
   * @return the value
   */
  public long number(String name, long absent) {
    String text = uri.options().get(name);
    try {
      return text == null ? absent : Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "option '" + name + "' of " + uri + " is '" + text + "', needed: a number", e);
    }
  }

  /**
   * Reads a size.
   *
   * @param name the option
   * @param absent what holds when it was not given
   * @return bytes
   */
  public long sizeBytes(String name, long absent) {
    String text = uri.options().get(name);
    return text == null ? absent : sizeBytes(text);
  }

  /**
   * Reads a size such as 64MiB or a number of bytes.
   *
   * @param text the size
   * @return bytes
   */
  public static long sizeBytes(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    String digits = lower;
    int shift = 0;
    for (int i = 0; i < UNITS.length; i++) {
      if (lower.endsWith(UNITS[i])) {
        shift = 10 * (i + 1);
        digits = lower.substring(0, lower.length() - UNITS[i].length());
      }
    }
    try {
      long size = Math.multiplyExact(Long.parseLong(digits), 1L << shift);
      if (size > 0) {
        return size;
      }
    } catch (NumberFormatException | ArithmeticException e) {
      throw new IllegalArgumentException(malformed(text), e);
    }
    throw new IllegalArgumentException(malformed(text));
  }

  private static String malformed(String text) {
    return "size is '" + text + "', needed: such as 64MiB, 1GiB or a number of bytes";
  }
}
