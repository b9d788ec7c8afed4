// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import dev.basalt.linux.Errno;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.host.FakeHost;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What the kernel does when attributes of a {@link FakeHost} are written. */
class FakeKernel implements AttributeWriter {
  private static final String DEVICES = "/sys/bus/pci/devices/";

  private final FakeHost host;
  private final List<String> writes = new ArrayList<>();
  private String failing = "";
  private int writesUntilKilled = Integer.MAX_VALUE;

  /** Ends the writer, as a kill would. */
  static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  FakeKernel(FakeHost host) {
    this.host = host;
  }

  /** Refuses writes to a path, once. */
  void failOnce(String path) {
    failing = path;
  }

  /** Lets so many writes through; kills the writer before the next. */
  void killAfter(int count) {
    writesUntilKilled = count;
  }

  List<String> writes() {
    return writes;
  }

  @Override
  public void write(AttributeWrite write) throws IOException {
    if (writesUntilKilled-- == 0) {
      throw new Killed();
    }
    if (write.path().equals(failing)) {
      failing = "";
      throw new ErrnoException("'" + write + "'", Errno.EBUSY, "advice");
    }
    writes.add(write.toString());
    String path = write.path();
    if (path.endsWith("/driver_override")) {
      host.file(path, (write.value().isEmpty() ? "(null)" : write.value()) + "\n");
    } else if (path.endsWith("/unbind")) {
      release(write.value());
    } else if (path.equals("/sys/bus/pci/drivers_probe")) {
      probe(write.value());
    } else {
      throw new ErrnoException("'" + write + "'", Errno.ENOENT);
    }
  }

  private void release(String address) {
    if ("nvme".equals(host.files().linkName(DEVICES + address + "/driver"))) {
      host.move("/sys/class/nvme/nvme0", "/gone/nvme0");
    }
    host.remove(DEVICES + address + "/driver");
  }

  private void probe(String address) {
    String override = host.files().text(DEVICES + address + "/driver_override", "(null)");
    String driver = override.equals("(null)") ? "nvme" : override;
    boolean isBound = host.files().linkName(DEVICES + address + "/driver") != null;
    if (isBound || !host.files().exists("/sys/bus/pci/drivers/" + driver)) {
      return;
    }
    host.driver(address, driver);
    if (driver.equals("nvme")) {
      host.move("/gone/nvme0", "/sys/class/nvme/nvme0");
    }
  }
}
