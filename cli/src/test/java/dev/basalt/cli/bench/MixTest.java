// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MixTest {
  @Test
  void shouldGiveEachOperationItsShare() {
    Mix mix = Mix.parse("read=60, Update=30,scan=10");
    Map<Operation, Integer> counts = new EnumMap<>(Operation.class);
    for (int roll = 0; roll < 100; roll++) {
      counts.merge(mix.pick(roll), 1, Integer::sum);
    }
    assertEquals(Map.of(Operation.READ, 60, Operation.UPDATE, 30, Operation.SCAN, 10), counts);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "read", "read=50", "read=101", "write=100", "read=-1,update=101"})
  void shouldRefuseAMalformedMix(String text) {
    assertThrows(IllegalArgumentException.class, () -> Mix.parse(text));
  }
}
