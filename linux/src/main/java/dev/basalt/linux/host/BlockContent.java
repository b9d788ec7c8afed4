// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * What the first MiB of a disk or partition holds, by the marks known here.
 *
 * @param node the disk or partition
 * @param kind how much there is to lose
 * @param what for people, such as {@code an xfs file system}
 */
public record BlockContent(String node, Kind kind, String what) {
  private static final int READ_BYTES = 1 << 20;
  private static final int ZFS_LABEL_BYTES = 128 << 10;
  private static final int ZFS_SLOT_BYTES = 1024;
  private static final byte[] ZFS_MARK = HexFormat.of().parseHex("0cb1ba0000000000");

  /** The first that matches says what it is: members before what they may carry. */
  private static final List<Mark> MARKS =
      List.of(
          new Mark(Kind.MEMBER, "an LVM physical volume", "LABELONE", List.of(0, 512, 1024, 1536)),
          new Mark(Kind.MEMBER, "a member of an md array", "#fc4e2ba9", List.of(0, 4096)),
          new Mark(
              Kind.MEMBER, "a bcache device", "#c68573f64e1a45ca8265f57f48ba6d81", List.of(4120)),
          new Mark(Kind.DATA, "a Basalt store", "BASALTDB", List.of(0, 65536)),
          new Mark(Kind.DATA, "an encrypted volume (LUKS)", "#4c554b53babe", List.of(0)),
          new Mark(Kind.DATA, "a swap area", "SWAPSPACE2", List.of(4086)),
          new Mark(Kind.DATA, "an xfs file system", "XFSB", List.of(0)),
          new Mark(Kind.DATA, "a btrfs file system", "_BHRfS_M", List.of(65600)),
          new Mark(Kind.DATA, "an ext file system", "#53ef", List.of(1080)),
          new Mark(Kind.DATA, "a partition table", "EFI PART", List.of(512, 4096)),
          new Mark(Kind.DATA, "a partition table", "#55aa", List.of(510)));

  /** How much there is to lose. */
  public enum Kind {
    /** Zeroes. */
    EMPTY,
    /** Data. */
    DATA,
    /** A part of something larger, in use or not. */
    MEMBER,
    /** Nobody knows: it could not be read. */
    UNREADABLE
  }

  /** Bytes, after # in hexadecimal, at one of several offsets. */
  private record Mark(Kind kind, String what, String bytes, List<Integer> offsets) {
    boolean isIn(byte[] content) {
      byte[] wanted =
          bytes.startsWith("#")
              ? HexFormat.of().parseHex(bytes, 1, bytes.length())
              : bytes.getBytes(StandardCharsets.US_ASCII);
      for (int offset : offsets) {
        if (hasAt(content, offset, wanted)) {
          return true;
        }
      }
      return false;
    }
  }

  /**
   * Looks at a disk or partition.
   *
   * @param files of the host
   * @param node its name
   * @return what it holds
   */
  public static BlockContent read(HostFiles files, String node) {
    byte[] content;
    try {
      content = firstBytes(files.at("/dev/" + node));
    } catch (IOException _) { // Also where there is no node.
      return new BlockContent(node, Kind.UNREADABLE, "data that cannot be read");
    }
    if (isZfs(content)) {
      return new BlockContent(node, Kind.MEMBER, "a member of a ZFS pool");
    }
    for (Mark mark : MARKS) {
      if (mark.isIn(content)) {
        return new BlockContent(node, mark.kind(), mark.what());
      }
    }
    return isZero(content)
        ? new BlockContent(node, Kind.EMPTY, "nothing in its first MiB")
        : new BlockContent(node, Kind.DATA, "data of an unknown kind");
  }

  /**
   * Says what was found where.
   *
   * @return such as {@code nvme0n1 holds an xfs file system}
   */
  public String text() {
    return node + " holds " + what;
  }

  private static byte[] firstBytes(Path path) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      int count;
      do {
        count = channel.read(buffer);
      } while (count > 0);
    }
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  /** The newest of a ring of uberblocks may be in any of its slots. */
  private static boolean isZfs(byte[] content) {
    for (int slot = ZFS_LABEL_BYTES; slot < 2 * ZFS_LABEL_BYTES; slot += ZFS_SLOT_BYTES) {
      if (hasAt(content, slot, ZFS_MARK)) {
        return true;
      }
    }
    return false;
  }

  private static boolean hasAt(byte[] content, int offset, byte[] bytes) {
    return offset + bytes.length <= content.length
        && Arrays.equals(content, offset, offset + bytes.length, bytes, 0, bytes.length);
  }

  private static boolean isZero(byte[] content) {
    for (byte b : content) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }
}
