// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

/**
 * Ranks from 0 by Zipf's law, the smallest most often: the generator of Gray et al. ("Quickly
 * Generating Billion-Record Synthetic Databases", SIGMOD 1994), as YCSB uses it.
 */
final class Zipf {
  private static final double UNIT = 0x1.0p-53;

  private final long count;
  private final double theta;
  private final double zeta;
  private final double alpha;
  private final double eta;

  /** Prepares ranks below a count; theta is below 1, such as 0.99. */
  Zipf(long count, double theta) {
    this.count = count;
    this.theta = theta;
    zeta = zeta(count, theta);
    alpha = 1 / (1 - theta);
    eta = (1 - Math.pow(2.0 / count, 1 - theta)) / (1 - zeta(2, theta) / zeta);
  }

  private static double zeta(long count, double theta) {
    double sum = 0;
    for (long i = 1; i <= count; i++) {
      sum += 1 / Math.pow((double) i, theta);
    }
    return sum;
  }

  /** Returns a rank from a random number. */
  long rank(long random) {
    double u = (random >>> 11) * UNIT;
    double scaled = u * zeta;
    if (scaled < 1) {
      return 0;
    }
    if (scaled < 1 + Math.pow(0.5, theta)) {
      return 1;
    }
    return Math.min(count - 1, (long) (count * Math.pow(eta * u - eta + 1, alpha)));
  }
}
