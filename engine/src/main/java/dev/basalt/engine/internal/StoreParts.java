// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.engine.internal.wal.CheckpointState;
import dev.basalt.engine.internal.wal.LogEnd;
import dev.basalt.engine.internal.wal.StoreLayout;
import dev.basalt.engine.internal.wal.SuperblockArea;
import dev.basalt.engine.internal.wal.Wal;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.IoStack;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The layers of a store below its tables, in the order they are started, and closed the other way
 * round. Filled by the thread that opens the store, constant afterwards.
 */
final class StoreParts implements AutoCloseable {
  private final BlockDevice device;

  @Nullable IoStack io;
  @Nullable SuperblockArea superblocks;
  @Nullable StoreLayout layout;
  @Nullable CheckpointState start;
  @Nullable LogEnd logEnd;
  @Nullable Wal wal;
  @Nullable EngineLog log;
  @Nullable BufferPool pool;

  StoreParts(BlockDevice device) {
    this.device = device;
  }

  BlockDevice device() {
    return device;
  }

  IoStack io() {
    return Objects.requireNonNull(io);
  }

  SuperblockArea superblocks() {
    return Objects.requireNonNull(superblocks);
  }

  StoreLayout layout() {
    return Objects.requireNonNull(layout);
  }

  /** Where recovery begins. */
  CheckpointState start() {
    return Objects.requireNonNull(start);
  }

  /** Where the log ended when the store was opened. */
  LogEnd logEnd() {
    return Objects.requireNonNull(logEnd);
  }

  Wal wal() {
    return Objects.requireNonNull(wal);
  }

  EngineLog log() {
    return Objects.requireNonNull(log);
  }

  BufferPool pool() {
    return Objects.requireNonNull(pool);
  }

  /** Closes what was started, each part whatever the others throw. The device stays open. */
  @Override
  @SuppressWarnings("EmptyTryBlock") // only for its order and its suppressed exceptions
  public void close() {
    try (IoStack _ = io;
        SuperblockArea _ = superblocks;
        BufferPool _ = pool;
        Wal _ = wal) {
      // The log first, and so on upwards.
    }
  }
}
