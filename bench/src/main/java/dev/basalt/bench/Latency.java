// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import org.HdrHistogram.Histogram;

/**
 * How long single operations took.
 *
 * @param nanos50 the median, -1 where not measured
 * @param nanos99 the 99th percentile, -1 where not measured
 * @param nanos999 the 99.9th percentile, -1 where not measured
 */
public record Latency(long nanos50, long nanos99, long nanos999) {
  static final Latency UNKNOWN = new Latency(-1, -1, -1);

  static Latency of(Histogram histogram) {
    return new Latency(
        histogram.getValueAtPercentile(50),
        histogram.getValueAtPercentile(99),
        histogram.getValueAtPercentile(99.9));
  }
}
