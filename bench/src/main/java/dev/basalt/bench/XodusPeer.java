// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.lang.foreign.MemorySegment;
import jetbrains.exodus.ArrayByteIterable;
import jetbrains.exodus.ByteIterable;
import jetbrains.exodus.env.Cursor;
import jetbrains.exodus.env.Environment;
import jetbrains.exodus.env.EnvironmentConfig;
import jetbrains.exodus.env.EnvironmentImpl;
import jetbrains.exodus.env.Environments;
import jetbrains.exodus.env.Store;
import jetbrains.exodus.env.StoreConfig;

/** Xodus: a log of immutable tree pages, a transaction for each operation. */
final class XodusPeer implements Peer {
  private final Settings settings;
  private final Environment environment;
  private final Store store;

  XodusPeer(Settings settings) {
    this.settings = settings;
    environment =
        Environments.newInstance(
            settings.directory().toFile(),
            new EnvironmentConfig()
                .setLogAllowRamDisk(true)
                .setLogDurableWrite(settings.isSync())
                .setMemoryUsage(cacheBytes(settings)));
    store =
        environment.computeInTransaction(
            transaction ->
                environment.openStore("bench", StoreConfig.WITHOUT_DUPLICATES, transaction));
  }

  /** Its cache is on the heap. */
  private static long cacheBytes(Settings settings) {
    return Math.min(settings.cacheBytes(), Runtime.getRuntime().maxMemory() / 2);
  }

  @Override
  public Session session() {
    return new XodusSession(settings.keys());
  }

  @Override
  public void endLoad() {
    ((EnvironmentImpl) environment).flushAndSync();
  }

  @Override
  public String description() {
    return "Xodus "
        + Environments.class.getPackage().getImplementationVersion()
        + ", "
        + settings.durability()
        + ", cache of "
        + Figures.mebibytes(cacheBytes(settings))
        + ", loads in transactions of "
        + LOAD_BATCH
        + ", ordered load by putRight";
  }

  @Override
  public void close() {
    environment.close();
  }

  private final class XodusSession implements Session {
    private final Keys keys;

    XodusSession(Keys keys) {
      this.keys = keys;
    }

    private ByteIterable key(long key) {
      return new ArrayByteIterable(keys.bytes(key));
    }

    private static ByteIterable value(long key) {
      return new ArrayByteIterable(HeapKeys.value(key));
    }

    private static MemorySegment bytes(ByteIterable found) {
      return MemorySegment.ofArray(found.getBytesUnsafe()).asSlice(0, found.getLength());
    }

    @Override
    public void load(long[] records, int from, int limit) {
      environment.executeInTransaction(
          transaction -> {
            for (int i = from; i < limit; i++) {
              store.put(transaction, key(records[i]), value(records[i]));
            }
          });
    }

    @Override
    public void loadInOrder(long[] records) {
      for (int from = 0; from < records.length; from += LOAD_BATCH) {
        int start = from;
        int limit = Math.min(records.length, from + LOAD_BATCH);
        environment.executeInTransaction(
            transaction -> {
              for (int i = start; i < limit; i++) {
                store.putRight(transaction, key(records[i]), value(records[i]));
              }
            });
      }
    }

    @Override
    public void put(long key) {
      environment.executeInTransaction(transaction -> store.put(transaction, key(key), value(key)));
    }

    @Override
    public void get(long key) {
      ByteIterable found =
          environment.computeInReadonlyTransaction(transaction -> store.get(transaction, key(key)));
      Peer.check(found != null && Records.isValueOf(bytes(found), key), key);
    }

    @Override
    public int scan(long start, int count, boolean isUpwards) {
      return environment.computeInReadonlyTransaction(
          transaction -> {
            try (Cursor cursor = store.openCursor(transaction)) {
              return scan(cursor, start, count, isUpwards);
            }
          });
    }

    private int scan(Cursor cursor, long start, int count, boolean isUpwards) {
      ByteIterable wanted = key(start);
      boolean isOn = cursor.getSearchKeyRange(wanted) != null;
      if (!isUpwards && !(isOn && cursor.getKey().compareTo(wanted) == 0)) {
        isOn = isOn ? cursor.getPrev() : cursor.getLast();
      }
      int done = 0;
      while (isOn && done < count) {
        Peer.check(keys.isRecord(bytes(cursor.getKey()), bytes(cursor.getValue())), start);
        done++;
        isOn = isUpwards ? cursor.getNext() : cursor.getPrev();
      }
      return done;
    }
  }
}
