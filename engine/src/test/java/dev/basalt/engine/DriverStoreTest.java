// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.Devices;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store over the reference driver in C, larger than its pool. */
class DriverStoreTest {
  private static final int RECORD_COUNT = 30_000;
  private static final int VALUE_BYTES = 300;

  @ParameterizedTest
  @ValueSource(strings = {"", "?block=4096&pins=true"})
  void shouldEvictAndReadBack(String options) {
    requireDriver("native-ram");
    StoreConfig config =
        StoreConfig.builder()
            .device("native-ram:64MiB" + options)
            .poolBytes(4 << 20)
            .logBytes(8 << 20)
            .queueDepth(16)
            .build();
    try (Store store = Store.open(config)) {
      Table table = store.table("default");
      Random random = new Random(3);
      for (int i = 0; i < RECORD_COUNT; i++) {
        table.put(key(i), value(i));
      }
      for (int i = 0; i < RECORD_COUNT; i += 3) {
        assertTrue(table.delete(key(i)));
      }
      store.checkpoint();
      for (int i = 0; i < RECORD_COUNT; i++) {
        int record = random.nextInt(RECORD_COUNT);
        byte[] found = table.get(key(record));
        if (record % 3 == 0) {
          assertNull(found);
        } else {
          assertArrayEquals(value(record), found);
        }
      }
      VerifyReport report = store.verify();
      assertTrue(report.isWhole(), report.toString());
    }
  }

  @Test
  void shouldHandOptionsToTheDriver() {
    requireDriver("native-ram");
    StoreConfig config = StoreConfig.builder().device("native-ram:64MiB?blocks=4096").build();
    StoreException e = assertThrows(StoreException.class, () -> Store.open(config).close());
    assertTrue(String.valueOf(e).contains("option 'blocks' is unknown"), e.toString());
  }

  /** The same file through two back ends, there and back. */
  @Test
  void shouldMoveBetweenRingsAndXnvme(@TempDir Path directory) {
    requireDriver("xnvme");
    requireDriver("io_uring");
    Path file = directory.resolve("store");
    String ring = "io_uring:" + file + "?create=true&size=64MiB";
    String xnvme = "xnvme:" + file + "?be=libaio";
    int written = 0;
    for (String device : List.of(ring, xnvme, ring, xnvme + "&size=64MiB")) {
      StoreConfig config =
          StoreConfig.builder().device(device).poolBytes(4 << 20).logBytes(8 << 20).build();
      try (Store store = Store.open(config)) {
        Table table = store.table("default");
        for (int i = 0; i < written; i++) {
          assertArrayEquals(value(i), table.get(key(i)), device);
        }
        for (int i = 0; i < 2_000; i++) {
          table.put(key(written), value(written));
          written++;
        }
        VerifyReport report = store.verify();
        assertTrue(report.isWhole(), report.toString());
      }
    }
  }

  private static void requireDriver(String scheme) {
    for (BlockDeviceProvider provider : Devices.providers()) {
      if (provider.scheme().equals(scheme)) {
        BlockDeviceProvider.Availability availability = provider.availability();
        assumeTrue(availability.usable(), availability.reason());
      }
    }
  }

  private static byte[] key(int record) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(record * 0x9E3779B1).array();
  }

  private static byte[] value(int record) {
    byte[] value = new byte[VALUE_BYTES];
    new Random(record).nextBytes(value);
    return value;
  }
}
