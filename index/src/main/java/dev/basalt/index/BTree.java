// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

/** Placeholder. */
public final class BTree {
  private BTree() {}
}
