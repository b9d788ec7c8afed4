// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import java.io.IOException;

/** Writes to sysfs; tests put a kernel behind it that is none. */
@FunctionalInterface
public interface AttributeWriter {
  /**
   * Writes an attribute; the kernel has acted on it when this returns.
   *
   * @param write what and where
   * @throws IOException when the kernel refuses; the message says path, value, errno and what to do
   */
  void write(AttributeWrite write) throws IOException;
}
