// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

/**
 * How a namespace is formatted.
 *
 * @param blockBytes size of a logical block
 * @param metadataBytes what each block carries beside its data, mostly 0
 * @param zoneModel {@code none}, {@code host-managed} or {@code host-aware}
 */
public record LbaFormat(int blockBytes, int metadataBytes, String zoneModel) {
  private static final int PROTECTION_BYTES = 8;

  static LbaFormat read(HostFiles files, String disk) {
    long metadata = files.number(disk + "metadata_bytes", -1); // Linux 6.8
    if (metadata < 0) {
      String protection = files.text(disk + "integrity/format", "none");
      metadata = protection.startsWith("T10") ? PROTECTION_BYTES : 0;
    }
    return new LbaFormat(
        (int) files.number(disk + "queue/logical_block_size", 512),
        (int) metadata,
        files.text(disk + "queue/zoned", "none"));
  }

  /**
   * Tells whether blocks can be written in order only.
   *
   * @return true for a zoned namespace
   */
  public boolean isZoned() {
    return !zoneModel.equals("none");
  }

  @Override
  public String toString() {
    return blockBytes
        + (metadataBytes > 0 ? "+" + metadataBytes : "")
        + " B"
        + (isZoned() ? ", zoned" : "");
  }
}
