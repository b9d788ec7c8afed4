// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** What writers of a table, each of keys of its own, have put there, and its comparison. */
final class TortureModels {
  private TortureModels() {}

  /** Verifies the store and compares its only table, "t", with the models of all its writers. */
  static void check(Store store, Collection<? extends Map<Integer, byte[]>> models) {
    Table table = store.table("t");
    long entries = 0;
    for (Map<Integer, byte[]> model : models) {
      model.forEach((index, value) -> assertArrayEquals(value, table.get(key(index))));
      entries += model.size();
    }
    VerifyReport report = store.verify();
    assertEquals(List.of(), report.problems());
    assertEquals(entries, report.tables().getFirst().entryCount());
  }

  static byte[] key(int index) {
    return ByteBuffer.allocate(4).putInt(index).array();
  }
}
