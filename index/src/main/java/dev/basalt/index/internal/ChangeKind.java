// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

/** What an entry of a structure record says. The numbers are part of the file format. */
public final class ChangeKind {
  /** A page's new content after a structure change; payload: {@link PageImage}. */
  public static final int IMAGE = 1;

  /** A page's content before its first change since a checkpoint; payload: {@link PageImage}. */
  public static final int BASE_IMAGE = 2;

  /** Keys from a separator on have left a node; payload: {link, separator}. */
  public static final int CUT = 3;

  /** Keys below a separator have left a leaf; payload: {0, separator}. */
  public static final int CUT_BELOW = 4;

  /** A child was split; payload: {right child, separator}. */
  public static final int ADD_CHILD = 5;

  /** A child went into its left sibling; payload: {0, separator between the two}. */
  public static final int DROP_CHILD = 6;

  /** Records moved between siblings; payload: {old length, old separator and new separator}. */
  public static final int MOVE_SEPARATOR = 7;

  /** A key with an overflow value was removed, if there; payload: {0, key}. */
  public static final int UNLINK = 8;

  /** Pages were allocated; payload: extents. */
  public static final int MAP_SET = 9;

  /** Pages were freed; payload: extents. */
  public static final int MAP_CLEAR = 10;

  /** No page: pages were allocated that nothing refers to yet; payload: extents. */
  public static final int RUN_START = 16;

  /** No page: a run was published or freed; payload: {LSN of the record that started it}. */
  public static final int RUN_END = 17;

  /** No page: an empty tree was loaded; payload: {the owner of the tree}. */
  public static final int LOAD = 18;

  private ChangeKind() {}

  /**
   * Tells whether an entry changes a page by a delta.
   *
   * @param kind the kind
   * @return true for deltas
   */
  public static boolean isDelta(int kind) {
    return kind >= CUT && kind <= MAP_CLEAR;
  }

  /**
   * Tells whether an entry holds the whole page.
   *
   * @param kind the kind
   * @return true for both kinds of images
   */
  public static boolean isImage(int kind) {
    return kind == IMAGE || kind == BASE_IMAGE;
  }
}
