// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/**
 * Random gets from LMDB, mapped wholly and loaded in random order. A get is what it is in Basalt:
 * it sees every commit before it, so the read transaction is renewed, and the value is copied to
 * the caller. A load in order made LMDB about 30 % faster than one at random; both systems are
 * loaded at random here.
 *
 * <p>Arguments: an empty directory, the number of records.
 */
final class LmdbGets implements Worker {
  private static final int BATCH = 1_000;
  private static final long MAP_BYTES = 8L << 30;

  private final Meter meter = new Meter();
  private final ByteBuffer key = ByteBuffer.allocateDirect(Records.KEY_BYTES);
  private final ByteBuffer copy = ByteBuffer.allocateDirect(Records.VALUE_BYTES);
  private long random = 88172645463325252L;
  private int count;
  private @Nullable Env<ByteBuffer> env;
  private @Nullable Dbi<ByteBuffer> table;

  @Override
  public void prepare(String[] arguments) throws IOException {
    Env<ByteBuffer> opened =
        Env.create()
            .setMapSize(MAP_BYTES)
            .open(
                Path.of(arguments[0]).toFile(),
                EnvFlags.MDB_NOSYNC,
                EnvFlags.MDB_NORDAHEAD,
                EnvFlags.MDB_NOTLS);
    env = opened;
    table = opened.openDbi((String) null, DbiFlags.MDB_CREATE);
    count = Integer.parseInt(arguments[1]);
    load();
  }

  private void load() {
    Env<ByteBuffer> opened = Objects.requireNonNull(env);
    Dbi<ByteBuffer> target = Objects.requireNonNull(table);
    ByteBuffer value = ByteBuffer.allocateDirect(Records.VALUE_BYTES);
    try (Txn<ByteBuffer> transaction = opened.txnWrite()) {
      for (int i = 0; i < count; i++) {
        long next = Records.key(i);
        key.putLong(0, next);
        value.putLong(0, next).putLong(Records.VALUE_BYTES - Records.KEY_BYTES, ~next);
        target.put(transaction, key, value);
      }
      transaction.commit();
    }
  }

  @Override
  public Sample round(long nanos, int threads) {
    meter.start();
    long deadline = System.nanoTime() + nanos;
    long operations = 0;
    try (Txn<ByteBuffer> transaction = Objects.requireNonNull(env).txnRead()) {
      while (System.nanoTime() < deadline) {
        readBatch(Objects.requireNonNull(table), transaction);
        operations += BATCH;
      }
    }
    return meter.stop(operations);
  }

  private void readBatch(Dbi<ByteBuffer> source, Txn<ByteBuffer> transaction) {
    for (int i = 0; i < BATCH; i++) {
      random = Records.nextRandom(random);
      long wanted = Records.key(Records.below(random, count));
      key.putLong(0, wanted);
      ByteBuffer value = get(source, transaction);
      if (value.getLong(0) != wanted
          || value.getLong(Records.VALUE_BYTES - Records.KEY_BYTES) != ~wanted) {
        throw new IllegalStateException("LMDB returned another value for key " + wanted);
      }
    }
  }

  private ByteBuffer get(Dbi<ByteBuffer> source, Txn<ByteBuffer> transaction) {
    transaction.reset();
    transaction.renew();
    ByteBuffer value = Objects.requireNonNull(source.get(transaction, key));
    return copy.put(0, value, 0, Records.VALUE_BYTES);
  }

  @Override
  public void close() {
    if (env != null) {
      env.close();
    }
  }
}
