// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.driver;

/**
 * Reaches NVMe devices through SPDK: {@code spdk:0000:01:00.0/1}, {@code
 * spdk:tcp://127.0.0.1:4420/nqn.2026-01.dev:disk/1}.
 */
public final class SpdkProvider extends DriverProvider {
  /** Creates the provider; for {@link java.util.ServiceLoader}. */
  public SpdkProvider() {
    super("spdk", "spdk", "install SPDK (spdk.io), then 'make -C native'");
  }
}
