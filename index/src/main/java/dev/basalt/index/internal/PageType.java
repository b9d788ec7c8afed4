// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

/** What a page holds: the type in its header. */
public final class PageType {
  /** Which pages of a group are allocated. */
  public static final int SPACE_MAP = 1;

  /** A leaf of a tree. */
  public static final int LEAF = 2;

  /** An inner node of a tree. */
  public static final int INNER = 3;

  /** A part of a large value. */
  public static final int OVERFLOW = 4;

  private PageType() {}
}
