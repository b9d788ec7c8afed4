// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.nvme;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * What a controller says of a namespace (NVM Command Set, section 4.1.5.1, figure 97).
 *
 * @param id its id
 * @param blockCount blocks that can be addressed (NSZE)
 * @param blockBytes bytes of a block, without metadata
 * @param metadataBytes bytes of metadata that go with a block
 * @param powerFailAtomicBlocks blocks never torn by a power failure (NAWUPF), 1 where boundaries
 *     matter (NABSPF); 0 where the controller's value holds
 * @param commandSet 0 of the NVM command set, 2 of zoned namespaces (figure 290)
 * @param enduranceGroup the endurance group it is in (ENDGID), 0 when the controller has none
 */
public record NamespaceIdentity(
    int id,
    long blockCount,
    int blockBytes,
    int metadataBytes,
    int powerFailAtomicBlocks,
    int commandSet,
    int enduranceGroup) {
  /** The NVM command set: blocks that can be written in any order. */
  public static final int COMMAND_SET_NVM = 0;

  /** Zoned namespaces: blocks of a zone are written in order. */
  public static final int COMMAND_SET_ZONED = 2;

  private static final int FORMATS = 128;
  private static final int DESCRIPTOR_COMMAND_SET = 4;
  private static final int DESCRIPTOR_HEADER_BYTES = 4;

  /**
   * Reads the data of an identify command.
   *
   * @param id of the namespace
   * @param data 4,096 bytes
   * @param commandSet of the list of descriptors, see {@link #commandSet(MemorySegment)}
   * @return what it says
   */
  public static NamespaceIdentity of(int id, MemorySegment data, int commandSet) {
    int format = data.get(JAVA_BYTE, 26);
    int index = format & 0xf | (format >>> 5 & 3) << 4;
    long entry = FORMATS + 4L * index;
    int blockShift = data.get(JAVA_BYTE, entry + 2) & 0xff;
    boolean hasAtomicUnits = (data.get(JAVA_BYTE, 24) >>> 1 & 1) != 0;
    boolean hasBoundaries = data.get(JAVA_SHORT_UNALIGNED, 44) != 0; // NABSPF
    int atomic = hasBoundaries ? 0 : data.get(JAVA_SHORT_UNALIGNED, 36) & 0xffff;
    return new NamespaceIdentity(
        id,
        data.get(JAVA_LONG_UNALIGNED, 0),
        blockShift > 30 ? 0 : 1 << blockShift,
        data.get(JAVA_SHORT_UNALIGNED, entry) & 0xffff,
        hasAtomicUnits ? atomic + 1 : 0,
        commandSet,
        data.get(JAVA_SHORT_UNALIGNED, 102) & 0xffff);
  }

  /**
   * Reads a list of active namespaces (section 5.17.2.2).
   *
   * @param list 4,096 bytes
   * @return their ids, ascending
   */
  public static List<Integer> idsOf(MemorySegment list) {
    List<Integer> ids = new ArrayList<>();
    for (long offset = 0; offset < list.byteSize(); offset += Integer.BYTES) {
      int id = list.get(JAVA_INT_UNALIGNED, offset);
      if (id == 0) {
        break;
      }
      ids.add(id);
    }
    return ids;
  }

  /**
   * Finds the command set in a list of descriptors (section 5.17.2.3, figure 277).
   *
   * @param descriptors 4,096 bytes
   * @return its number, that of the NVM command set when it is not there
   */
  public static int commandSet(MemorySegment descriptors) {
    long offset = 0;
    while (offset + DESCRIPTOR_HEADER_BYTES < descriptors.byteSize()) {
      int type = descriptors.get(JAVA_BYTE, offset);
      int length = descriptors.get(JAVA_BYTE, offset + 1) & 0xff;
      if (type == 0 || length == 0) {
        break;
      }
      if (type == DESCRIPTOR_COMMAND_SET) {
        return descriptors.get(JAVA_BYTE, offset + DESCRIPTOR_HEADER_BYTES) & 0xff;
      }
      offset += DESCRIPTOR_HEADER_BYTES + length;
    }
    return COMMAND_SET_NVM;
  }

  /**
   * Tells whether a store can be on the namespace.
   *
   * @return why not, or an empty text
   */
  public String fault() {
    if (blockCount == 0) {
      return "it does not exist, or is not attached to this controller";
    }
    if (commandSet == COMMAND_SET_ZONED) {
      return "it is zoned: its blocks can be written in order only";
    }
    if (commandSet != COMMAND_SET_NVM) {
      return "it has command set " + commandSet + ", needed: 0 (NVM)";
    }
    if (metadataBytes != 0) {
      return "its blocks have %d bytes of metadata; format it without ('nvme format --lbaf=...')"
          .formatted(metadataBytes);
    }
    if (blockBytes < 512 || blockBytes > 4096) {
      return "its blocks have " + blockBytes + " bytes, needed: 512 to 4096";
    }
    return "";
  }
}
