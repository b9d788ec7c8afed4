// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.io.IOException;

/**
 * Hands frames to faulting threads. Freeing them is the page provider's job; a thread helps only
 * when the reserve is gone, and waits when that was in vain.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
public final class FrameSource {
  private final PoolParts parts;

  /**
   * Creates the source.
   *
   * @param parts the pool's parts
   */
  public FrameSource(PoolParts parts) {
    this.parts = parts;
  }

  /**
   * Takes a frame, waiting for one if need be.
   *
   * @throws IOException when the pool has failed
   */
  public void take() throws IOException {
    FrameReserve frames = parts.frames();
    while (!frames.tryTake()) {
      parts.counters().stalls.increment();
      parts.failure().check();
      frames.await();
    }
  }
}
