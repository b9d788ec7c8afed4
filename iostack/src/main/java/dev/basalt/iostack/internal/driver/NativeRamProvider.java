// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.driver;

/**
 * Keeps blocks in memory of a driver in C: {@code native-ram:64MiB}. For tests of what lies
 * between.
 */
public final class NativeRamProvider extends DriverProvider {
  /** Creates the provider; for {@link java.util.ServiceLoader}. */
  public NativeRamProvider() {
    super("native-ram", "ram", "'make -C native' with a C compiler");
  }
}
