// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The values of several rounds.
 *
 * @param median the value in the middle
 * @param min the least
 * @param max the greatest
 * @param rounds how many there were
 */
public record Spread(double median, double min, double max, int rounds) {
  /** The spread of one figure over some rounds, at least one. */
  static Spread of(List<Sample> samples, ToDoubleFunction<Sample> figure) {
    return of(samples.stream().mapToDouble(figure).toArray());
  }

  static Spread of(double... values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1], sorted.length);
  }

  /** Divides round by round, so that what disturbed both systems of a round cancels out. */
  static Spread ofRatios(List<Sample> of, List<Sample> to, ToDoubleFunction<Sample> figure) {
    double[] ratios = new double[Math.min(of.size(), to.size())];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = figure.applyAsDouble(of.get(i)) / figure.applyAsDouble(to.get(i));
    }
    return of(ratios);
  }
}
