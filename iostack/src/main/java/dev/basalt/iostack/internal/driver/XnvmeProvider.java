// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.driver;

/** Reaches files and devices through xNVMe: {@code xnvme:/dev/nvme0n1?be=io_uring}. */
public final class XnvmeProvider extends DriverProvider {
  /** Creates the provider; for {@link java.util.ServiceLoader}. */
  public XnvmeProvider() {
    super("xnvme", "xnvme", "install xNVMe (xnvme.io), then 'make -C native'");
  }
}
