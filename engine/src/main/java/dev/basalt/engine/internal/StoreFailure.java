// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.bufferpool.BufferPoolFailedException;
import dev.basalt.bufferpool.DamagedPageException;
import dev.basalt.engine.StoreDamagedException;
import dev.basalt.engine.StoreException;
import dev.basalt.engine.StoreFullException;
import dev.basalt.engine.StorePoisonedException;
import dev.basalt.engine.internal.wal.LogDamagedException;
import dev.basalt.engine.internal.wal.LogFailedException;
import dev.basalt.engine.internal.wal.LogFullException;
import dev.basalt.index.DamagedRecordException;
import dev.basalt.index.DamagedTreeException;
import dev.basalt.index.SpaceExhaustedException;
import dev.basalt.iostack.IoStack;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What ended a store before it was closed, and how failures below become the API's exceptions.
 *
 * <p>A store is poisoned when memory may differ from what the log and the pages will say: a log
 * write, a page write, or the application of a logged change failed. Every call then fails with the
 * first cause; what was durable is found again when the store is opened the next time.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread. {@code first} is set once, by
 * CAS.
 */
public final class StoreFailure {
  private static final VarHandle FIRST;

  static {
    try {
      FIRST = MethodHandles.lookup().findVarHandle(StoreFailure.class, "first", Throwable.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("FieldMayBeFinal") // written through FIRST
  private volatile @Nullable Throwable first;

  /** Creates the state of a store that is well. */
  public StoreFailure() {
    // Nothing has failed yet.
  }

  /**
   * Throws when the store is poisoned.
   *
   * @throws StorePoisonedException with the first cause
   */
  public void check() {
    Throwable cause = first;
    if (cause != null) {
      throw poisoned(cause);
    }
  }

  /**
   * Tells whether the store is poisoned.
   *
   * @return true for ever once it is
   */
  public boolean isPoisoned() {
    return first != null;
  }

  /**
   * Poisons the store, unless it is already.
   *
   * @param cause what happened
   */
  public void poison(Throwable cause) {
    FIRST.compareAndSet(this, null, cause);
  }

  /**
   * Flushes the device. A failure poisons the store: what was written before may be lost, and the
   * next flush, of a checkpoint that relies on it, need not fail again.
   *
   * @param io whose device
   * @throws IOException when the flush has failed
   */
  public void flush(IoStack io) throws IOException {
    try {
      io.flush();
    } catch (IOException e) {
      poison(e);
      throw e;
    }
  }

  /**
   * Translates a failure below into what the caller of the API sees, and poisons the store when the
   * failure is of that kind.
   *
   * @param e what happened
   * @return to be thrown
   */
  public StoreException translate(IOException e) {
    return switch (e) {
      case LogFullException full when isPoisoned() -> poisonedBy(full); // no checkpoint came
      case LogFullException full -> new StoreFullException(full.getMessage(), full);
      case LogFailedException failed -> poisonedBy(failed);
      case BufferPoolFailedException failed -> poisonedBy(failed);
      case DamagedPageException damaged -> new StoreDamagedException(damaged.getMessage(), damaged);
      case DamagedTreeException damaged -> new StoreDamagedException(damaged.getMessage(), damaged);
      case DamagedRecordException damaged ->
          new StoreDamagedException(damaged.getMessage(), damaged);
      case SpaceExhaustedException full -> new StoreFullException(full.getMessage(), full);
      case LogDamagedException damaged -> new StoreDamagedException(damaged.getMessage(), damaged);
      default -> new StoreException(e.getMessage(), e);
    };
  }

  private StoreException poisonedBy(IOException e) {
    poison(e);
    Throwable cause = first;
    return poisoned(cause == null ? e : cause);
  }

  private static StorePoisonedException poisoned(Throwable cause) {
    return new StorePoisonedException(
        "the store has failed and must be opened again: " + cause.getMessage(), cause);
  }
}
