// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/** The types of log records, of a commit's entries, and the flags of structure records. */
public final class RecordType {
  /** Puts and deletes of one commit, all or nothing. */
  public static final int COMMIT = 1;

  /** The body of a structure change: images and deltas of several pages, all or nothing. */
  public static final int STRUCTURE = 2;

  /**
   * Flag of a structure record: the pages it allocates are pending until another publishes them.
   */
  public static final int FLAG_STARTS_RUN = 1;

  /** Entry of a commit: the key has this value. */
  public static final int PUT = 1;

  /** Entry of a commit: the key is absent. */
  public static final int DELETE = 2;

  /** Entry of a commit: the key's value is in overflow pages; publishes their run. */
  public static final int PUT_OVERFLOW = 3;

  private RecordType() {}

  static boolean isKnown(int type) {
    return type >= COMMIT && type <= STRUCTURE;
  }

  static String name(int type) {
    return switch (type) {
      case COMMIT -> "commit";
      case STRUCTURE -> "structure";
      default -> "type " + type;
    };
  }
}
