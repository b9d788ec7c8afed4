// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import dev.basalt.linux.AttributeFile;
import dev.basalt.linux.Errno;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.host.HostFiles;
import java.io.IOException;

/**
 * Writes to the files of a host.
 *
 * @param files of the host
 */
public record KernelAttributes(HostFiles files) implements AttributeWriter {
  @Override
  public void write(AttributeWrite write) throws IOException {
    try {
      AttributeFile.write(files.at(write.path()), write.value() + "\n");
    } catch (ErrnoException e) {
      throw new ErrnoException("'" + write + "'", e.errno(), advice(e.errno()));
    }
  }

  private static String advice(int errno) {
    return switch (errno) {
      case Errno.EACCES, Errno.EPERM -> "run it as root, outside of containers";
      case Errno.EROFS -> "sysfs is mounted read-only: run it outside of the container";
      case Errno.ENOENT, Errno.ENODEV -> "the device or its driver has gone: look with 'lspci -k'";
      case Errno.EBUSY -> "somebody uses the device: look with 'basalt device status'";
      default -> "the kernel's log says more: dmesg";
    };
  }
}
