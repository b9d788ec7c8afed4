// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

/** A way in which a device is in use. */
public sealed interface BlockUse {
  /**
   * Says who uses what.
   *
   * @return such as {@code nvme0n1p1 is mounted at /data (ext4)}
   */
  String text();

  /**
   * Says how to end the use.
   *
   * @return a command or what to do
   */
  String mend();

  /**
   * A file system on it is mounted.
   *
   * @param node the disk, partition or what lies on it
   * @param where the directory
   * @param type of the file system
   */
  record Mounted(String node, String where, String type) implements BlockUse {
    @Override
    public String text() {
      return node
          + (where.equals("/") ? " is the root device" : " is mounted at " + where)
          + (" (" + type + ")");
    }

    @Override
    public String mend() {
      return where.equals("/")
          ? "take a device that the system does not run from"
          : "umount " + where;
    }
  }

  /**
   * The kernel swaps to it.
   *
   * @param node the disk or partition
   */
  record Swapped(String node) implements BlockUse {
    @Override
    public String text() {
      return node + " is swap space";
    }

    @Override
    public String mend() {
      return "swapoff /dev/" + node;
    }
  }

  /**
   * It is a member of something larger.
   *
   * @param node the disk or partition
   * @param holder the kernel's name of the larger device, or the UUID of the file system
   * @param kind what the holder is, and its name where it has one
   */
  record Held(String node, String holder, String kind) implements BlockUse {
    @Override
    public String text() {
      return node + " is a member of the " + kind + " (" + holder + ")";
    }

    @Override
    public String mend() {
      if (kind.startsWith("LVM")) {
        return "move its data away and take it out of its volume group (pvmove, vgreduce)";
      }
      return kind.startsWith("md ")
          ? "mdadm --stop /dev/" + holder + ", or take the member out (mdadm --fail, --remove)"
          : "take it out of the " + kind;
    }
  }

  /**
   * A process has it open.
   *
   * @param node the file that is open, without its directory
   * @param processId the process
   * @param command its name
   */
  record Opened(String node, long processId, String command) implements BlockUse {
    @Override
    public String text() {
      return node + " is open by process " + processId + " (" + command + ")";
    }

    @Override
    public String mend() {
      return "end process " + processId + " (" + command + ")";
    }
  }
}
