// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ZipfTest {
  private static final int COUNT = 1_000;
  private static final double THETA = 0.99;
  private static final int DRAWS = 2_000_000;

  /** The first two ranks are exact; the generator's curve is close to the law for the others. */
  @Test
  void shouldDrawRanksAsOftenAsZipfsLawSays() {
    long[] drawn = draw(new Zipf(COUNT, THETA));
    double zeta = 0;
    for (int rank = 1; rank <= COUNT; rank++) {
      zeta += Math.pow(rank, -THETA);
    }
    assertEquals(1 / zeta, part(drawn, 0, 1), 0.001);
    assertEquals(Math.pow(2, -THETA) / zeta, part(drawn, 1, 2), 0.001);
    for (int limit : new int[] {10, 30, 100, 300}) {
      double expected = 0;
      for (int rank = 1; rank <= limit; rank++) {
        expected += Math.pow(rank, -THETA) / zeta;
      }
      assertEquals(expected, part(drawn, 0, limit), 0.02, "ranks below " + limit);
    }
  }

  @Test
  void shouldDrawNoRankMoreOftenThanASmallerOne() {
    long[] drawn = draw(new Zipf(COUNT, THETA));
    for (int tens = 2; tens < COUNT / 10; tens++) {
      double smaller = part(drawn, (tens - 1) * 10, tens * 10);
      double greater = part(drawn, tens * 10, (tens + 1) * 10);
      assertTrue(greater < smaller * 1.1, "ranks from " + tens * 10);
    }
  }

  @Test
  void shouldStayWithinRanksForTheLeastAndTheGreatestRandomNumber() {
    Zipf zipf = new Zipf(COUNT, THETA);
    assertEquals(0, zipf.rank(0));
    assertEquals(COUNT - 1, zipf.rank(-1));
  }

  private static long[] draw(Zipf zipf) {
    long[] drawn = new long[COUNT];
    Random random = new Random(42);
    for (int i = 0; i < DRAWS; i++) {
      drawn[(int) zipf.rank(random.nextLong())]++;
    }
    return drawn;
  }

  private static double part(long[] drawn, int from, int limit) {
    long sum = 0;
    for (int rank = from; rank < limit; rank++) {
      sum += drawn[rank];
    }
    return (double) sum / DRAWS;
  }
}
