// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.bufferpool.PageHeader;
import dev.basalt.iostack.sim.SimulatedDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The highest LSN of any page on a device, as it is before the store is opened: what reached the
 * device must have been durable in the log.
 */
final class SimulatedPages {
  private static final long PAGE_AREA_MIN = 1 << 20;

  private long lsnMax;

  SimulatedPages(SimulatedDevice device) {
    int blockBytes = device.capabilities().blockBytes();
    int blocksPerPage = EngineSimulation.PAGE_BYTES / blockBytes;
    ByteBuffer superblock = ByteBuffer.wrap(device.readBlock(0)).order(ByteOrder.LITTLE_ENDIAN);
    long pageArea = superblock.getLong(64);
    if (pageArea < PAGE_AREA_MIN) {
      return; // not formatted yet
    }
    long first = pageArea / blockBytes;
    for (long lba = first; lba + blocksPerPage <= device.blockCount(); lba += blocksPerPage) {
      ByteBuffer block = ByteBuffer.wrap(device.readBlock(lba)).order(ByteOrder.LITTLE_ENDIAN);
      long pageId = (lba - first) / blocksPerPage;
      if (block.getLong(PageHeader.PAGE_ID_OFFSET) == pageId) {
        lsnMax = Math.max(lsnMax, block.getLong(PageHeader.LSN_OFFSET));
      }
    }
  }

  long lsnMax() {
    return lsnMax;
  }
}
