// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.agent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.basalt.iostack.sim.Simulation;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * Consumers wait for tokens that producers make. A wake-up that is lost, or spent on a waiter whose
 * time is over, leaves a consumer waiting beside a token: a deadlock, which the simulation reports.
 */
class ParkingLotPropertyTest {
  @Property(tries = 1_000, seed = "42")
  void shouldWakeAConsumerForEachToken(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 3) int keyCount,
      @ForAll @IntRange(min = 1, max = 6) int consumersPerKey,
      @ForAll @IntRange(min = 1, max = 3) int tokensEach,
      @ForAll boolean wakesAll) {
    new Market(seed, keyCount, consumersPerKey, tokensEach, wakesAll).run();
  }

  /** Producers and consumers of tokens, each kind of token with a key of its own. */
  private static final class Market {
    private final Simulation simulation;
    private final ParkingLot lot;
    private final int consumersPerKey;
    private final int tokensEach;
    private final boolean wakesAll;

    /** Accessed by the holder of the baton only. */
    private final int[] tokens;

    private int consumed;

    Market(long seed, int keyCount, int consumersPerKey, int tokensEach, boolean wakesAll) {
      simulation = new Simulation(seed);
      lot = new ParkingLot(simulation);
      tokens = new int[keyCount];
      this.consumersPerKey = consumersPerKey;
      this.tokensEach = tokensEach;
      this.wakesAll = wakesAll;
    }

    void run() {
      for (int key = 0; key < tokens.length; key++) {
        int own = key;
        for (int i = 0; i < consumersPerKey; i++) {
          Random random = new Random(simulation.random().nextLong());
          simulation.client("consumer " + key + '.' + i, () -> consume(own, random));
        }
        simulation.client("producer " + key, () -> produce(own));
      }
      simulation.run();
      assertArrayEquals(new int[tokens.length], tokens);
      assertEquals(tokens.length * consumersPerKey * tokensEach, consumed);
    }

    private void produce(int key) {
      for (int i = 0; i < consumersPerKey * tokensEach; i++) {
        simulation.interleave();
        tokens[key]++;
        if (wakesAll) {
          lot.wakeAll(key);
        } else {
          lot.wakeOne(key);
        }
        if (i % 5 == 0) {
          simulation.parkNanos("a break", 20_000);
        }
      }
    }

    private void consume(int key, Random random) {
      for (int i = 0; i < tokensEach; ) {
        if (random.nextBoolean()) {
          lot.awaitWhile(key, this::isEmpty, key);
        } else {
          lot.awaitWhile(key, this::isEmpty, key, random.nextInt(3_000));
        }
        if (tokens[key] > 0) {
          tokens[key]--;
          consumed++;
          i++;
        }
      }
    }

    private boolean isEmpty(long key) {
      return tokens[(int) key] == 0;
    }
  }
}
