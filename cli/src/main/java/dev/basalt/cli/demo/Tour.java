// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.demo;

import dev.basalt.engine.Store;
import dev.basalt.engine.StoreStatistics;
import dev.basalt.engine.Table;
import dev.basalt.engine.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Loads an index of this machine's files and many synthetic records, reads them, and says how fast.
 *
 * <p><b>Concurrency.</b> Called by one thread; the readers are virtual threads.
 */
public final class Tour {
  private static final String FILES = "files";
  private static final String RECORDS = "records";
  private static final int OVERWRITTEN_SHARE = 10;
  private static final int READER_COUNT = 1000;
  private static final long READ_NANOS = 8_000_000_000L;

  private final Consumer<String> out;
  private final Path root;
  private final SyntheticRecords records;
  private final List<byte[]> fileKeys = new ArrayList<>();
  private final List<byte[]> fileValues = new ArrayList<>();

  /**
   * Creates a tour.
   *
   * @param out takes what it prints, line by line
   * @param root the file tree to index
   * @param recordCount how many synthetic records
   */
  public Tour(Consumer<String> out, Path root, int recordCount) {
    this.out = out;
    this.root = root;
    records = new SyntheticRecords(recordCount);
  }

  /**
   * Walks the file tree.
   *
   * @return how many bytes of keys and values will be loaded
   * @throws IOException when the file tree cannot be read
   */
  public long prepare() throws IOException {
    long start = System.nanoTime();
    FileIndex.walk(
        root,
        (key, value) -> {
          fileKeys.add(key);
          fileValues.add(value);
        });
    say("%,d files under %s walked in %.1f s", fileKeys.size(), root, secondsSince(start));
    long bytes = (long) records.count() * SyntheticRecords.RECORD_BYTES;
    for (int i = 0; i < fileKeys.size(); i++) {
      bytes += fileKeys.get(i).length + fileValues.get(i).length;
    }
    return bytes;
  }

  /**
   * Loads the files as they come and the synthetic records in their order, then overwrites a tenth
   * of the records at random.
   *
   * @param store the store, empty
   */
  public void load(Store store) {
    int batchSize = store.batchSizeAdvised();
    long start = System.nanoTime();
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i < fileKeys.size(); i++) {
      add(store, batch.put(FILES, fileKeys.get(i), fileValues.get(i)), batchSize);
    }
    add(store, batch, 1);
    report("files loaded, as they were found", fileKeys.size(), start);
    start = System.nanoTime();
    store.table(RECORDS).bulkLoad(records.ascending());
    report("records loaded, in order", records.count(), start);
    start = System.nanoTime();
    int overwrittenCount = records.count() / OVERWRITTEN_SHARE;
    for (int i = 0; i < overwrittenCount; i++) {
      int record = records.atRandom(i);
      records.overwrite(record);
      byte[] key = SyntheticRecords.key(record);
      add(store, batch.put(RECORDS, key, records.value(record)), batchSize);
    }
    add(store, batch, 1);
    report("records overwritten at random", overwrittenCount, start);
  }

  /**
   * Reads random records by many virtual threads and checks each value.
   *
   * @param store the store, loaded
   * @throws InterruptedException when the calling thread is interrupted
   */
  public void read(Store store) throws InterruptedException {
    Table table = store.table(RECORDS);
    AtomicLong readCount = new AtomicLong();
    AtomicLong wrongCount = new AtomicLong();
    long start = System.nanoTime();
    List<Thread> readers = new ArrayList<>();
    for (int i = 0; i < READER_COUNT; i++) {
      SplittableRandom random = new SplittableRandom(i);
      readers.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (System.nanoTime() - start < READ_NANOS) {
                      int record = random.nextInt(records.count());
                      byte[] value = table.get(SyntheticRecords.key(record));
                      if (!Arrays.equals(value, records.value(record))) {
                        wrongCount.incrementAndGet();
                      }
                      readCount.incrementAndGet();
                    }
                  }));
    }
    for (Thread reader : readers) {
      reader.join();
    }
    report("random reads by 1,000 virtual threads", readCount.get(), start);
    if (wrongCount.get() > 0) {
      throw new IllegalStateException(wrongCount + " values read were wrong");
    }
  }

  /**
   * Lists the largest directories from the index and compares them with the file system.
   *
   * @param store the store, loaded
   * @throws IOException when a directory cannot be read
   */
  public void list(Store store) throws IOException {
    for (Path directory : List.of(root, root.resolve("bin"), root.resolve("share"))) {
      if (!directory.toFile().isDirectory()) {
        continue;
      }
      long start = System.nanoTime();
      Map<String, String> listed = FileIndex.list(store.table(FILES), directory);
      double millis = secondsSince(start) * 1000;
      boolean isSame = listed.equals(FileIndex.list(directory));
      say(
          "%s listed from the store: %,d entries in %.1f ms, %s",
          directory,
          listed.size(),
          millis,
          isSame ? "the same as in the file system" : "NOT the same as in the file system");
      if (!isSame) {
        throw new IllegalStateException(directory + " differs from its index");
      }
    }
  }

  /**
   * Prints what the layers counted.
   *
   * @param store the store
   */
  public void count(Store store) {
    StoreStatistics statistics = store.statistics();
    out.accept("statistics: " + statistics.device());
    statistics.counters().forEach((name, value) -> say("  %-34s %,15d", name, value));
  }

  private static void add(Store store, WriteBatch batch, int limit) {
    if (batch.size() >= limit) {
      store.write(batch);
      batch.clear();
    }
  }

  private void report(String what, long count, long startNanos) {
    double seconds = secondsSince(startNanos);
    say("%,d %s in %.1f s: %,.0f a second", count, what, seconds, count / seconds);
  }

  private static double secondsSince(long startNanos) {
    return (System.nanoTime() - startNanos) / 1e9;
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency of its own
  private void say(String format, Object... arguments) {
    out.accept(String.format(Locale.ROOT, format, arguments));
  }
}
