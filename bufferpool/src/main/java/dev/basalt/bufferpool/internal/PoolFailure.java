// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.bufferpool.BufferPoolFailedException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The first cause that made the pool fail, if any.
 *
 * <p><b>Concurrency.</b> Any thread; set once (compare-and-set), read with volatile strength.
 * Whoever sets it wakes those whose wait it ends.
 */
public final class PoolFailure {
  private final AtomicReference<@Nullable Throwable> cause = new AtomicReference<>();
  private volatile Consumer<Throwable> listener = _ -> {};

  /** Creates the failure of a pool that is well. */
  public PoolFailure() {}

  /**
   * Fails the pool, unless it has failed already.
   *
   * @param newCause what happened
   */
  public void fail(Throwable newCause) {
    if (cause.compareAndSet(null, newCause)) {
      listener.accept(newCause);
    }
  }

  /**
   * Sets who is told of the failure, also of one that was before.
   *
   * @param newListener called by whoever fails the pool, perhaps more than once; must not wait
   */
  public void whenFailed(Consumer<Throwable> newListener) {
    listener = newListener;
    Throwable found = cause.get();
    if (found != null) {
      newListener.accept(found);
    }
  }

  /**
   * Tells whether the pool has failed.
   *
   * @return true when it has
   */
  public boolean hasFailed() {
    return cause.get() != null;
  }

  /**
   * Throws when the pool has failed.
   *
   * @throws BufferPoolFailedException with the first cause
   */
  public void check() throws BufferPoolFailedException {
    Throwable found = cause.get();
    if (found != null) {
      throw new BufferPoolFailedException(found);
    }
  }
}
