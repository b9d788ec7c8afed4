// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.linux.KernelInfo;
import dev.basalt.linux.host.HostFiles;
import java.io.IOException;

/**
 * What the kernel's driver says of the queues it has for a namespace: the same for its disk, where
 * it is told, and for commands.
 *
 * @param commandBytesMax the most bytes of one command; the controller's limit (MDTS) is in it
 * @param requestCount commands the driver has room for
 * @param hasPollQueues whether there are queues without interrupts that commands can use
 * @param isZoned whether its blocks can be written in order only
 */
record KernelQueue(long commandBytesMax, int requestCount, boolean hasPollQueues, boolean isZoned) {
  private static final String RELEASE = "/proc/sys/kernel/osrelease";
  private static final long PAGE_BYTES = NvmeAbi.PAGE_BYTES;

  /**
   * Reads what there is in sysfs.
   *
   * @param files of the host
   * @param diskName such as {@code nvme0n1}
   * @throws IOException when the kernel has made no disk of the namespace
   */
  static KernelQueue read(HostFiles files, String diskName) throws IOException {
    String queue = "/sys/class/block/" + diskName + "/queue/";
    long kibibytes = files.number(queue + "max_hw_sectors_kb", 0);
    long segments = files.number(queue + "max_segments", 0);
    long bytes = Math.min(kibibytes << 10, segments * PAGE_BYTES) & -PAGE_BYTES;
    if (bytes <= 0) {
      throw new IOException(
          "the kernel does not tell how much %s transfers at once: no %s of %s"
              .formatted(diskName, "max_hw_sectors_kb and max_segments", files.at(queue)));
    }
    return new KernelQueue(
        bytes,
        (int) files.number(queue + "nr_requests", NvmeCapabilities.DEPTH_MAX),
        files.number(queue + "io_poll", 0) != 0
            && KernelInfo.isAtLeast(files.text(RELEASE, ""), 6, 1),
        !files.text(queue + "zoned", "none").equals("none"));
  }
}
