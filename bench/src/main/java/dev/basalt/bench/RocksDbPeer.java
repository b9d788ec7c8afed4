// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteOptions;

/** RocksDB with its log, not synced, uncompressed, with bloom filters and direct buffers. */
final class RocksDbPeer implements Peer {
  private static final int BLOOM_BITS = 10;
  private static final int JOBS = 2;

  private final Options options = new Options();
  private final ReadOptions reads = new ReadOptions();
  private final WriteOptions writes = new WriteOptions().setSync(false);
  private final LRUCache cache;
  private final BloomFilter filter = new BloomFilter(BLOOM_BITS);
  private final RocksDB store;
  private final List<RocksIterator> iterators = new ArrayList<>();

  RocksDbPeer(Path directory, long cacheBytes) throws IOException {
    RocksDB.loadLibrary();
    cache = new LRUCache(cacheBytes);
    options
        .setCreateIfMissing(true)
        .setMaxBackgroundJobs(JOBS)
        .setCompressionType(CompressionType.NO_COMPRESSION)
        .setTableFormatConfig(
            new BlockBasedTableConfig().setBlockCache(cache).setFilterPolicy(filter));
    try {
      store = RocksDB.open(options, directory.resolve("store").toString());
    } catch (RocksDBException e) {
      throw new IOException(e);
    }
  }

  @Override
  public synchronized Session session() {
    RocksIterator iterator = store.newIterator(reads);
    iterators.add(iterator);
    return new RocksDbSession(iterator);
  }

  @Override
  public void endLoad() throws IOException {
    try (FlushOptions flush = new FlushOptions().setWaitForFlush(true)) {
      store.flush(flush);
      store.compactRange();
    } catch (RocksDBException e) {
      throw new IOException(e);
    }
  }

  @Override
  public String description() {
    return "RocksDB "
        + RocksDB.rocksdbVersion()
        + ", no compression, 10 bloom bits, 2 background jobs, compacted after the load, log not"
        + " synced";
  }

  @Override
  public void close() {
    iterators.forEach(RocksIterator::close);
    store.close();
    writes.close();
    reads.close();
    options.close();
    filter.close();
    cache.close();
  }

  private final class RocksDbSession implements Session {
    private final RocksIterator iterator;
    private final ByteBuffer key = ByteBuffer.allocateDirect(Records.KEY_BYTES);
    private final ByteBuffer value = ByteBuffer.allocateDirect(Records.VALUE_BYTES);
    private final MemorySegment keyMemory = MemorySegment.ofBuffer(key);
    private final MemorySegment valueMemory = MemorySegment.ofBuffer(value);

    RocksDbSession(RocksIterator iterator) {
      this.iterator = iterator;
    }

    @Override
    public void put(long next) {
      Records.setKey(keyMemory, next);
      Records.setValue(valueMemory, next);
      try {
        store.put(writes, key.clear(), value.clear());
      } catch (RocksDBException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void get(long wanted) {
      Records.setKey(keyMemory, wanted);
      try {
        int length = store.get(reads, key.clear(), value.clear());
        boolean isRight = length == Records.VALUE_BYTES;
        Peer.check(isRight && Records.isValueOf(valueMemory, wanted), wanted);
      } catch (RocksDBException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public int scan(long start, int count, boolean isUpwards) {
      Records.setKey(keyMemory, start);
      try {
        iterator.refresh();
      } catch (RocksDBException e) {
        throw new IllegalStateException(e);
      }
      seek(isUpwards);
      int done = 0;
      while (done < count && iterator.isValid()) {
        iterator.key(key.clear());
        iterator.value(value.clear());
        long found = keyMemory.get(Records.KEY, 0);
        Peer.check(Records.isValueOf(valueMemory, found), found);
        done++;
        step(isUpwards);
      }
      return done;
    }

    private void seek(boolean isUpwards) {
      if (isUpwards) {
        iterator.seek(key.clear());
      } else {
        iterator.seekForPrev(key.clear());
      }
    }

    private void step(boolean isUpwards) {
      if (isUpwards) {
        iterator.next();
      } else {
        iterator.prev();
      }
    }
  }
}
