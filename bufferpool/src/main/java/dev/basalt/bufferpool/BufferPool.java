// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

/** Placeholder. */
public final class BufferPool {
  private BufferPool() {}
}
