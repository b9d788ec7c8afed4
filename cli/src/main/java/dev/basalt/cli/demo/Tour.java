// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.demo;

import dev.basalt.engine.Store;
import dev.basalt.engine.StoreStatistics;
import dev.basalt.engine.Table;
import dev.basalt.engine.WriteBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
  private static final int VALUE_BYTES = 100;
  private static final int KEY_BYTES = 16;
  private static final int READER_COUNT = 1000;
  private static final long READ_NANOS = 8_000_000_000L;

  /** A prime, so that its multiples, modulo the count of records, visit all of them in no order. */
  private static final long STRIDE = Integer.MAX_VALUE;

  private static final byte[] KEY_LABEL = bytes("record-");

  private final Consumer<String> out;
  private final Path root;
  private final long recordCount;
  private final List<byte[]> fileKeys = new ArrayList<>();
  private final List<byte[]> fileValues = new ArrayList<>();

  /**
   * Creates a tour.
   *
   * @param out takes what it prints, line by line
   * @param root the file tree to index
   * @param recordCount how many synthetic records
   */
  public Tour(Consumer<String> out, Path root, long recordCount) {
    this.out = out;
    this.root = root;
    this.recordCount = recordCount;
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
    long bytes = recordCount * (KEY_BYTES + VALUE_BYTES);
    for (int i = 0; i < fileKeys.size(); i++) {
      bytes += fileKeys.get(i).length + fileValues.get(i).length;
    }
    return bytes;
  }

  /**
   * Loads both tables, the synthetic records in random order.
   *
   * @param store the store, empty
   */
  public void load(Store store) {
    long start = System.nanoTime();
    int batchSize = store.batchSizeAdvised();
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i < fileKeys.size(); i++) {
      add(store, batch.put(FILES, fileKeys.get(i), fileValues.get(i)), batchSize);
    }
    add(store, batch, 1);
    report("files loaded", fileKeys.size(), start);
    start = System.nanoTime();
    for (long i = 0; i < recordCount; i++) {
      long record = i * STRIDE % recordCount;
      add(store, batch.put(RECORDS, key(record), value(record)), batchSize);
    }
    add(store, batch, 1);
    report("records loaded in random order", recordCount, start);
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
                      long record = random.nextLong(recordCount);
                      if (!Arrays.equals(table.get(key(record)), value(record))) {
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

  private static byte[] key(long record) {
    byte[] key = Arrays.copyOf(KEY_LABEL, KEY_BYTES);
    long digits = record;
    for (int i = KEY_BYTES - 1; i >= KEY_LABEL.length; i--) {
      key[i] = (byte) ('0' + digits % 10);
      digits /= 10;
    }
    return key;
  }

  private static byte[] value(long record) {
    byte[] value = new byte[VALUE_BYTES];
    new SplittableRandom(record).nextBytes(value);
    return value;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
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
