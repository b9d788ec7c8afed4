// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.engine.Store;
import dev.basalt.engine.WriteBatch;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Writes records in batches on a thread of its own, so that reading the input and writing the store
 * overlap. Order is kept: of two records with the same key the later one wins.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time; batches pass to the writing thread through a
 * bounded queue, its failure comes back through a volatile field.
 */
final class BatchWriter {
  private static final long BYTES_PER_BATCH = 1 << 20;
  private static final int QUEUED_BATCHES_MAX = 4;

  private final Store store;
  private final String table;
  private final int recordsPerBatch;
  private final BlockingQueue<WriteBatch> queue = new ArrayBlockingQueue<>(QUEUED_BATCHES_MAX);
  private final WriteBatch end = new WriteBatch();
  private final Thread thread;
  private WriteBatch batch = new WriteBatch();
  private long batchBytes;
  private volatile long writtenCount;
  private volatile @Nullable RuntimeException failure;

  BatchWriter(Store store, String table) {
    this.store = store;
    this.table = table;
    recordsPerBatch = store.batchSizeAdvised();
    this.thread = Thread.ofPlatform().name("batch-writer").daemon().start(this::run);
  }

  /** Adds a record; waits while the store is behind. */
  void put(byte[] key, byte[] value) {
    batch.put(table, key, value);
    batchBytes += key.length + value.length;
    if (batch.size() >= recordsPerBatch || batchBytes >= BYTES_PER_BATCH) {
      hand(batch);
      batch = new WriteBatch();
      batchBytes = 0;
    }
  }

  /** Writes what is left and waits until all is written. Idempotent. */
  void finish() {
    if (batch.size() > 0) {
      hand(batch);
      batch = new WriteBatch();
    }
    stop();
    RuntimeException cause = failure;
    if (cause != null) {
      throw cause;
    }
  }

  /** Ends the thread once it has written what it was handed. Idempotent. */
  void stop() {
    try {
      if (thread.isAlive()) {
        queue.put(end);
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns how many records were written. */
  long recordCount() {
    return writtenCount;
  }

  private void hand(WriteBatch full) {
    RuntimeException cause = failure;
    if (cause != null) {
      throw cause;
    }
    try {
      queue.put(full);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCode.IO, "interrupted");
    }
  }

  /** After a failure batches are still taken, so that nobody waits for room for ever. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // written by this thread only
  private void run() {
    try {
      for (WriteBatch next = queue.take(); next != end; next = queue.take()) {
        if (failure == null) {
          write(next);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // written by this thread only
  private void write(WriteBatch next) {
    try {
      store.write(next);
      writtenCount += next.size();
    } catch (RuntimeException e) {
      failure = e;
    }
  }
}
