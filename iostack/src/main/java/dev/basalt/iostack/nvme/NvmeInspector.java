// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.nvme;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.nvme.KernelInspector;
import dev.basalt.iostack.internal.nvme.VfioDeviceProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Asks an NVMe controller what it is and how it is: identify data and logs. Changes nothing.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
public interface NvmeInspector extends AutoCloseable {
  /**
   * Asks a controller that the kernel's driver has, whoever uses it.
   *
   * @param node its character device, such as {@code /dev/nvme0}
   * @return the inspector, to be closed by the caller
   * @throws IOException when it cannot be opened; the message says why and what to do
   */
  static NvmeInspector ofKernel(Path node) throws IOException {
    return KernelInspector.open(node);
  }

  /**
   * Asks a controller that is bound to vfio-pci and that no process has: starts it, and shuts it
   * down when closed.
   *
   * @param address its PCI address, such as {@code 0000:01:00.0}
   * @return the inspector, to be closed by the caller
   * @throws IOException when it cannot be had; the message says why and what to do
   */
  static NvmeInspector ofVfio(String address) throws IOException {
    return VfioDeviceProvider.openController(address, Execution.threads());
  }

  /**
   * Returns what the controller says of itself.
   *
   * @return as of its start
   * @throws IOException when it does not answer
   */
  ControllerIdentity identity() throws IOException;

  /**
   * Lists the namespaces attached to the controller (section 5.17.2.2).
   *
   * @return their ids, ascending, at most 1,024
   * @throws IOException when the controller refuses
   */
  List<Integer> namespaceIds() throws IOException;

  /**
   * Asks about a namespace.
   *
   * @param id its id, 1 or above
   * @return what the controller says; without blocks when there is no such namespace
   * @throws IOException when the controller refuses
   */
  NamespaceIdentity namespace(int id) throws IOException;

  /**
   * Reads the health log (section 5.16.1.3), "SMART".
   *
   * @return what it says
   * @throws IOException when the controller refuses
   */
  HealthLog health() throws IOException;

  /**
   * Reads the newest entries of the error log (section 5.16.1.2).
   *
   * @return the errors, newest first
   * @throws IOException when the controller refuses
   */
  List<ErrorLogEntry> errors() throws IOException;

  @Override
  void close();
}
