// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** The options of a store by their names in the file: how each is read and printed. */
// The functions below are stateless lambdas; their types cannot say so.
@SuppressWarnings("ImmutableEnumChecker")
enum StoreOption {
  DEVICE("device", StoreConfig.Builder::device, StoreConfig::device),
  CREATE("create", (b, v) -> b.createIfMissing(flag(v)), StoreConfig::createIfMissing),
  POOL("pool", (b, v) -> b.poolBytes(ByteSize.parse(v)), c -> ByteSize.print(c.poolBytes())),
  PAGE_SIZE(
      "page-size",
      (b, v) -> b.pageBytes(Math.toIntExact(ByteSize.parse(v))),
      c -> ByteSize.print(c.pageBytes())),
  LOG_SIZE("log-size", (b, v) -> b.logBytes(ByteSize.parse(v)), c -> ByteSize.print(c.logBytes())),
  DURABILITY("durability", (b, v) -> b.durability(Durability.parse(v)), StoreConfig::durability),
  POLLERS("pollers", (b, v) -> b.pollerCount(integer(v)), StoreConfig::pollerCount),
  QUEUE_DEPTH("queue-depth", (b, v) -> b.queueDepth(integer(v)), StoreConfig::queueDepth),
  MAX_SIZE(
      "max-size",
      (b, v) -> b.storeBytesMax(ByteSize.parse(v)),
      c -> ByteSize.print(c.storeBytesMax())),
  GROWTH_STEP(
      "growth-step",
      (b, v) -> b.growthBytes(ByteSize.parse(v)),
      c -> ByteSize.print(c.growthBytes())),
  CHECKPOINT_AT(
      "checkpoint-at", (b, v) -> b.checkpointPercent(integer(v)), StoreConfig::checkpointPercent),
  LOG_WAIT("log-wait", (b, v) -> b.logWaitMillis(integer(v)), StoreConfig::logWaitMillis),
  CONTENTION_SAMPLE(
      "contention-sample",
      (b, v) -> b.contentionSample(integer(v)),
      c -> c.contention().sampleInterval()),
  CONTENTION_PERIOD(
      "contention-period",
      (b, v) -> b.contentionPeriod(integer(v)),
      c -> c.contention().periodUpdates()),
  CONTENTION_THRESHOLD(
      "contention-threshold",
      (b, v) -> b.contentionThreshold(integer(v)),
      c -> c.contention().thresholdPercent()),
  WARM_RESTART("warm-restart", (b, v) -> b.warmRestart(flag(v)), StoreConfig::warmRestart),
  MERGE_SIBLINGS(
      "merge-siblings", (b, v) -> b.mergeSiblings(integer(v)), c -> c.merges().siblingsMax()),
  MERGE_BELOW("merge-below", (b, v) -> b.mergeBelow(integer(v)), c -> c.merges().belowPercent());

  private final String key;
  private final BiConsumer<StoreConfig.Builder, String> reader;
  private final Function<StoreConfig, Object> printer;

  StoreOption(
      String key,
      BiConsumer<StoreConfig.Builder, String> reader,
      Function<StoreConfig, Object> printer) {
    this.key = key;
    this.reader = reader;
    this.printer = printer;
  }

  String key() {
    return key;
  }

  void apply(StoreConfig.Builder builder, String value) {
    try {
      reader.accept(builder, value);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new IllegalArgumentException("option '" + key + "': " + e.getMessage(), e);
    }
  }

  String print(StoreConfig config) {
    return String.valueOf(printer.apply(config));
  }

  static StoreOption named(String key) {
    StoreOption nearest = DEVICE;
    for (StoreOption option : values()) {
      if (option.key.equals(key)) {
        return option;
      }
      if (distance(option.key, key) < distance(nearest.key, key)) {
        nearest = option;
      }
    }
    throw new IllegalArgumentException(
        "unknown option '" + key + "'; the nearest one is '" + nearest.key + "'");
  }

  private static boolean flag(String value) {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("'" + value + "' is neither true nor false");
    };
  }

  private static int integer(String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + value + "' is not a whole number", e);
    }
  }

  /** Levenshtein's distance: the fewest insertions, deletions and replacements of a character. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
