// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class PeerSelectionTest {
  @Test
  void shouldRunEverythingWhenNothingIsNamed() {
    PeerSelection all = PeerSelection.of(List.of());
    assertTrue(all.hasPart("cold-disk"));
    assertTrue(all.hasPart(PeerSelection.CONTENTION));
    assertTrue(all.hasStore("lmdb"));
    assertTrue(all.hasActivity("ycsb-a"));
  }

  @Test
  void shouldRunWhatIsNamedOfEachSortAndAlwaysBasalt() {
    PeerSelection some = PeerSelection.of(List.of("lmdb", "read-uniform", "ordered-load"));
    assertTrue(some.hasPart("memory"));
    assertTrue(some.hasStore("lmdb"));
    assertTrue(some.hasStore("basalt"));
    assertFalse(some.hasStore("rocksdb"));
    assertFalse(some.hasStore("vmcache"));
    assertTrue(some.hasActivity("read-uniform"));
    assertTrue(some.hasActivity("ordered-load"));
    assertFalse(some.hasActivity("read-zipf"));
  }

  @Test
  void shouldSayWhatThereIsWhenANameIsUnknown() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> PeerSelection.of(List.of("mongodb")));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("mongodb"), message);
    assertTrue(message.contains("cold-fast"), message);
  }
}
