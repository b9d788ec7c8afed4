// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A host made of files in a directory: an Intel machine with an IOMMU, vfio-pci loaded, running
 * from a disk that is no NVMe device. Methods add to it or break it.
 */
public final class FakeHost {
  /** Where the first device of most tests is. */
  public static final String ADDRESS = "0000:01:00.0";

  /** Its serial number. */
  public static final String SERIAL = "S5GXNX0R000042";

  private static final int NVME_MAJOR = 259;
  private static final long DISK_SECTORS = 1L << 31;

  private final Path root;
  private int minor;

  /**
   * Makes the host.
   *
   * @param root an empty directory
   */
  public FakeHost(Path root) {
    this.root = root;
    file("/proc/version", "Linux version 6.12.0\n");
    file("/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet intel_iommu=on\n");
    file("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n");
    file("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n");
    file("/proc/self/mountinfo", "");
    mountLine("8:1", "/", "ext4", "/dev/sda1");
    file("/sys/firmware/acpi/tables/DMAR", "");
    directory("/sys/class/iommu/dmar0");
    directory("/sys/class/nvme");
    directory("/sys/class/block");
    directory("/sys/kernel/iommu_groups");
    directory("/sys/bus/pci/drivers/nvme");
    directory("/sys/bus/pci/drivers/vfio-pci");
    file("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N\n");
    file("/sys/bus/pci/drivers_probe", "");
    file("/sys/bus/pci/drivers/nvme/unbind", "");
    file("/sys/bus/pci/drivers/vfio-pci/unbind", "");
    pci("0000:00:01.0", "0x060400", "8086:1901", "pcieport", 1);
    hugePages(0, 256, 256);
    file("/sys/devices/system/cpu/online", "0-7\n");
    file("/sys/devices/system/cpu/isolated", "\n");
    file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    file("/proc/sys/vm/overcommit_memory", "0\n");
    file("/proc/self/status", "CapEff:\t0000000000000000\nSeccomp:\t0\n");
  }

  /** Returns the files as the code under test sees them. */
  public HostFiles files() {
    return new HostFiles(root);
  }

  /** Returns the directory. */
  public Path root() {
    return root;
  }

  /** Writes a file, with the directories above it. */
  public FakeHost file(String path, String text) {
    try {
      Path file = at(path);
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds to a file. */
  public FakeHost append(String path, String text) {
    try {
      Files.writeString(at(path), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes a directory. */
  public FakeHost directory(String path) {
    try {
      Files.createDirectories(at(path));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes a link, in place of one that is there. */
  public FakeHost link(String path, String target) {
    try {
      Path link = at(path);
      Files.createDirectories(link.getParent());
      Files.deleteIfExists(link);
      Files.createSymbolicLink(link, Path.of(target));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes a file or an empty or full directory. */
  public FakeHost remove(String path) {
    try {
      if (Files.isDirectory(at(path)) && !Files.isSymbolicLink(at(path))) {
        for (String name : files().names(path)) {
          remove(path + "/" + name);
        }
      }
      Files.deleteIfExists(at(path));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Moves a file or directory. */
  public void move(String from, String to) {
    try {
      Files.createDirectories(at(to).getParent());
      Files.move(at(from), at(to));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reserves huge pages of 2 MiB on a NUMA node. */
  public FakeHost hugePages(int node, int total, int free) {
    String pool = "/sys/devices/system/node/node" + node + "/hugepages/hugepages-2048kB/";
    file(pool + "nr_hugepages", total + "\n");
    return file(pool + "free_hugepages", free + "\n");
  }

  /** Adds a function; group -1 is none, the driver "" as well. */
  public FakeHost pci(String address, String classCode, String id, String driver, int group) {
    String directory = "/sys/bus/pci/devices/" + address;
    file(directory + "/class", classCode + "\n");
    file(directory + "/vendor", "0x" + id.substring(0, 4) + "\n");
    file(directory + "/device", "0x" + id.substring(5) + "\n");
    file(directory + "/numa_node", "0\n");
    file(directory + "/driver_override", "(null)\n");
    if (!driver.isEmpty()) {
      driver(address, driver);
    }
    if (group >= 0) {
      link(directory + "/iommu_group", "../../../../kernel/iommu_groups/" + group);
      directory("/sys/kernel/iommu_groups/" + group + "/devices/" + address);
    }
    return this;
  }

  /** Binds a function to a driver. */
  public FakeHost driver(String address, String driver) {
    directory("/sys/bus/pci/drivers/" + driver);
    return link("/sys/bus/pci/devices/" + address + "/driver", "../../drivers/" + driver);
  }

  /** Adds the NVMe device of most tests: nvme0 with one empty namespace, alone in group 12. */
  public FakeHost nvme() {
    return nvme(0, ADDRESS, SERIAL, 12);
  }

  /** Adds an NVMe device on the bus with one empty namespace. */
  public FakeHost nvme(int number, String address, String serial, int group) {
    pci(address, "0x010802", "144d:a808", "nvme", group);
    controller("nvme" + number, "pcie", address, serial);
    return namespace("nvme" + number, 1);
  }

  /** Adds a controller. */
  public FakeHost controller(String name, String transport, String address, String serial) {
    String directory = "/sys/class/nvme/" + name;
    file(directory + "/transport", transport + "\n");
    file(directory + "/address", address + "\n");
    file(directory + "/model", "Samsung SSD 970 EVO Plus 1TB            \n");
    file(directory + "/serial", serial + "      \n");
    file(directory + "/firmware_rev", "2B2QEXM7\n");
    return this;
  }

  /** Adds a namespace with 512-byte blocks and zeroes in it. */
  public FakeHost namespace(String controller, int id) {
    String name = controller + "n" + id;
    directory("/sys/class/nvme/" + controller + "/" + name);
    return disk(name, id);
  }

  /** Adds the disk of a namespace. */
  public FakeHost disk(String name, int id) {
    String directory = "/sys/class/block/" + name;
    file(directory + "/size", DISK_SECTORS + "\n");
    file(directory + "/nsid", id + "\n");
    file(directory + "/queue/logical_block_size", "512\n");
    file(directory + "/queue/zoned", "none\n");
    file(directory + "/metadata_bytes", "0\n");
    directory("/sys/class/nvme-generic/ng" + name.substring(4));
    node(name);
    return this;
  }

  /** Adds a partition with zeroes in it. */
  public FakeHost partition(String disk, int number) {
    String name = disk + "p" + number;
    file("/sys/class/block/" + disk + "/" + name + "/partition", number + "\n");
    node(name);
    return this;
  }

  /** Mounts a disk or partition. */
  public FakeHost mount(String node, String where, String type) {
    String device = files().text("/sys/class/block/" + node + "/dev", "0:0");
    return mountLine(device, where, type, "/dev/" + node);
  }

  /** Adds a line to mountinfo. */
  public FakeHost mountLine(String device, String where, String type, String source) {
    return append(
        "/proc/self/mountinfo",
        "36 1 "
            + device
            + " / "
            + where
            + " rw,relatime shared:1 - "
            + type
            + " "
            + source
            + " rw\n");
  }

  /** Makes a disk or partition a member of a larger device. */
  public FakeHost holder(String node, String holder) {
    directory("/sys/class/block/" + node + "/holders/" + holder);
    file("/sys/class/block/" + holder + "/dev", "253:" + minor++ + "\n");
    return this;
  }

  /** Makes a disk or partition a member of a device mapper device. */
  public FakeHost mapping(String node, String holder, String name, String id) {
    holder(node, holder);
    file("/sys/class/block/" + holder + "/dm/name", name + "\n");
    return file("/sys/class/block/" + holder + "/dm/uuid", id + "\n");
  }

  /** Adds a process that has files open. */
  public FakeHost process(int id, String command, String... paths) {
    file("/proc/" + id + "/comm", command + "\n");
    directory("/proc/" + id + "/fd");
    for (int fd = 0; fd < paths.length; fd++) {
      link("/proc/" + id + "/fd/" + fd, paths[fd]);
    }
    return this;
  }

  /** Writes into a disk or partition. */
  public FakeHost content(String node, int offset, byte... bytes) {
    try (RandomAccessFile file = new RandomAccessFile(at("/dev/" + node).toFile(), "rw")) {
      file.seek(offset);
      file.write(bytes);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes text into a disk or partition. */
  public FakeHost content(String node, int offset, String text) {
    return content(node, offset, text.getBytes(StandardCharsets.US_ASCII));
  }

  private void node(String name) {
    file("/sys/class/block/" + name + "/dev", NVME_MAJOR + ":" + minor++ + "\n");
    file("/dev/" + name, "");
    try (RandomAccessFile file = new RandomAccessFile(at("/dev/" + name).toFile(), "rw")) {
      file.setLength(2 << 20);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path at(String path) {
    return root.resolve(path.substring(1));
  }
}
