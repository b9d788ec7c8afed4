// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import dev.basalt.linux.host.BlockContent;
import dev.basalt.linux.host.BlockUse;
import dev.basalt.linux.host.PciFunction;
import java.util.List;

/** Why a device must not, or cannot, be taken from its kernel driver. */
public sealed interface BindRefusal {
  /**
   * Says what was found.
   *
   * @return without a full stop
   */
  String reason();

  /**
   * Says what to do about it.
   *
   * @return a command, or what to do
   */
  String mend();

  /**
   * Tells whether the device is in use, or holds what something else needs.
   *
   * @return false where the machine lacks something
   */
  default boolean isForUse() {
    return false;
  }

  /**
   * It is reached over a network.
   *
   * @param name of its controller
   * @param transport such as {@code tcp}
   */
  record OverNetwork(String name, String transport) implements BindRefusal {
    @Override
    public String reason() {
      return name + " is reached over " + transport + ": it is not on this machine's PCI bus";
    }

    @Override
    public String mend() {
      return "use io_uring: on its disk";
    }
  }

  /**
   * Somebody uses it.
   *
   * @param use who and how
   */
  record InUse(BlockUse use) implements BindRefusal {
    @Override
    public String reason() {
      return use.text();
    }

    @Override
    public String mend() {
      return use.mend();
    }

    @Override
    public boolean isForUse() {
      return true;
    }
  }

  /**
   * It belongs to something larger, which may be idle now.
   *
   * @param content what it holds
   */
  record MemberContent(BlockContent content) implements BindRefusal {
    @Override
    public String reason() {
      return content.text();
    }

    @Override
    public String mend() {
      return "take it out of what it belongs to, or erase it: wipefs --all /dev/" + content.node();
    }

    @Override
    public boolean isForUse() {
      return true;
    }
  }

  /**
   * The kernel lets nobody else have it, for a reason no file tells, as for a ZFS pool.
   *
   * @param node the disk
   */
  record Claimed(String node) implements BindRefusal {
    @Override
    public String reason() {
      return node + " is claimed by something in the kernel";
    }

    @Override
    public String mend() {
      return "find out by what (lsblk, zpool status) and end that";
    }

    @Override
    public boolean isForUse() {
      return true;
    }
  }

  /**
   * No IOMMU keeps the device from reaching all memory.
   *
   * @param reason why there is none
   * @param mend how to get one
   */
  record NoIommu(String reason, String mend) implements BindRefusal {}

  /**
   * Functions that the IOMMU cannot tell from this one have drivers that use them.
   *
   * @param group its IOMMU group
   * @param others those functions
   */
  record GroupNotViable(int group, List<PciFunction> others) implements BindRefusal {
    /** Copies the functions. */
    public GroupNotViable {
      others = List.copyOf(others);
    }

    @Override
    public String reason() {
      StringBuilder text = new StringBuilder("IOMMU group " + group + " also has");
      String separator = " ";
      for (PciFunction other : others) {
        text.append(separator).append(other.address() + " with driver " + other.driver());
        separator = ", ";
      }
      return text.toString();
    }

    @Override
    public String mend() {
      return "take these from their drivers too, or put the device into another slot";
    }
  }

  /** The driver that hands devices to user space is not there. */
  record NoVfio() implements BindRefusal {
    @Override
    public String reason() {
      return "the driver " + PciFunction.VFIO_DRIVER + " is not loaded";
    }

    @Override
    public String mend() {
      return "modprobe " + PciFunction.VFIO_DRIVER;
    }
  }

  /**
   * This process may not change drivers.
   *
   * @param path what it may not write
   */
  record NotPermitted(String path) implements BindRefusal {
    @Override
    public String reason() {
      return "no right to write " + path;
    }

    @Override
    public String mend() {
      return "run it as root, outside of containers";
    }
  }
}
