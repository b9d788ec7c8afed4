// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompressionType;
import org.rocksdb.EnvOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.IngestExternalFileOptions;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.SstFileWriter;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/** RocksDB with its log, uncompressed, with bloom filters and direct buffers. */
final class RocksDbPeer implements Peer {
  private static final int BLOOM_BITS = 10;
  private static final int JOBS = 2;

  private final Settings settings;
  private final Options options = new Options();
  private final ReadOptions reads = new ReadOptions();
  private final WriteOptions writes = new WriteOptions();
  private final LRUCache cache;
  private final BloomFilter filter = new BloomFilter(BLOOM_BITS);
  private final RocksDB store;
  private final List<RocksIterator> iterators = new ArrayList<>();

  RocksDbPeer(Settings settings) throws IOException {
    this.settings = settings;
    RocksDB.loadLibrary();
    cache = new LRUCache(settings.cacheBytes());
    writes.setSync(settings.isSync());
    options
        .setCreateIfMissing(true)
        .setMaxBackgroundJobs(JOBS)
        .setCompressionType(CompressionType.NO_COMPRESSION)
        .setUseDirectReads(settings.isDirect())
        .setUseDirectIoForFlushAndCompaction(settings.isDirect())
        .setTableFormatConfig(
            new BlockBasedTableConfig().setBlockCache(cache).setFilterPolicy(filter));
    try {
      store = RocksDB.open(options, settings.directory().resolve("store").toString());
    } catch (RocksDBException e) {
      throw new IOException(e);
    }
  }

  @Override
  public synchronized Session session() {
    RocksIterator iterator = store.newIterator(reads);
    iterators.add(iterator);
    return new RocksDbSession(iterator, settings.keys());
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
        + ", block cache of "
        + Figures.mebibytes(settings.cacheBytes())
        + (settings.isDirect() ? ", direct I/O" : ", page cache beside it")
        + ", no compression, 10 bloom bits, 2 background jobs, "
        + settings.durability()
        + ", loads in batches of "
        + LOAD_BATCH
        + " and compacted after it, ordered load by a table file that is ingested";
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
    private final Keys keys;
    private final ByteBuffer key;
    private final ByteBuffer value = ByteBuffer.allocateDirect(Records.VALUE_BYTES);
    private final MemorySegment keyMemory;
    private final MemorySegment valueMemory = MemorySegment.ofBuffer(value);

    RocksDbSession(RocksIterator iterator, Keys keys) {
      this.iterator = iterator;
      this.keys = keys;
      key = ByteBuffer.allocateDirect(keys.sizeMax());
      keyMemory = MemorySegment.ofBuffer(key);
    }

    private ByteBuffer key(long next) {
      return key.clear().limit(keys.write(next, keyMemory));
    }

    private ByteBuffer value(long next) {
      Records.setValue(valueMemory, next);
      return value.clear();
    }

    @Override
    public void load(long[] records, int from, int limit) {
      try (WriteBatch batch = new WriteBatch()) {
        for (int i = from; i < limit; i++) {
          batch.put(key(records[i]), value(records[i]));
        }
        store.write(writes, batch);
      } catch (RocksDBException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void loadInOrder(long[] records) throws IOException {
      String table = settings.directory().resolve("ordered.sst").toString();
      try (EnvOptions environment = new EnvOptions();
          SstFileWriter writer = new SstFileWriter(environment, options);
          IngestExternalFileOptions moving = new IngestExternalFileOptions().setMoveFiles(true)) {
        writer.open(table);
        for (long next : records) {
          writer.put(key(next), value(next));
        }
        writer.finish();
        store.ingestExternalFile(List.of(table), moving);
      } catch (RocksDBException e) {
        throw new IOException(e);
      }
    }

    @Override
    public void put(long next) {
      try {
        store.put(writes, key(next), value(next));
      } catch (RocksDBException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void get(long wanted) {
      try {
        int length = store.get(reads, key(wanted), value.clear());
        boolean isRight = length == Records.VALUE_BYTES;
        Peer.check(isRight && Records.isValueOf(valueMemory, wanted), wanted);
      } catch (RocksDBException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public int scan(long start, int count, boolean isUpwards) {
      try {
        iterator.refresh();
      } catch (RocksDBException e) {
        throw new IllegalStateException(e);
      }
      seek(start, isUpwards);
      int done = 0;
      while (done < count && iterator.isValid()) {
        int size = iterator.key(key.clear());
        iterator.value(value.clear());
        Peer.check(keys.isRecord(keyMemory.asSlice(0, size), valueMemory), start);
        done++;
        step(isUpwards);
      }
      return done;
    }

    private void seek(long start, boolean isUpwards) {
      if (isUpwards) {
        iterator.seek(key(start));
      } else {
        iterator.seekForPrev(key(start));
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
