// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.lang.foreign.MemorySegment;

/**
 * The all-memory segment: absolute addresses as offsets of one {@code static final} segment.
 *
 * <p>A field of any other kind costs twice as much per access (design, section 2), because only a
 * constant segment lets the compiler drop the bounds and liveness checks. In exchange nothing is
 * checked: an address outside mapped memory ends the process. Each layer confines its use to one
 * small class that masks every offset to its page.
 */
public final class NativeMemory {
  /** All of the address space; an offset in it is an absolute address. Never closed. */
  @SuppressWarnings("restricted")
  public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private NativeMemory() {}
}
