// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

/**
 * How a {@link SimulatedDevice} behaves and fails. Ratios are probabilities from 0 to 1.
 *
 * @param seed decides latencies, order, faults and what a power cut leaves
 * @param latencies how long commands take
 * @param errors which commands fail
 * @param silentFaults which writes go wrong without an error
 * @param outcome what a power cut does to unflushed writes
 * @param powerCutAtCommand the command, counted from 1, on whose way to the device the power is
 *     cut; 0 for never
 * @param errorAtCommand the command, counted from 1, that fails as its kind fails; 0 for none
 */
public record SimulationPlan(
    long seed,
    Latencies latencies,
    Errors errors,
    SilentFaults silentFaults,
    Outcome outcome,
    long powerCutAtCommand,
    long errorAtCommand) {

  /**
   * How long commands take; the actual time is 0.5 to 1.5 times as long.
   *
   * @param readNanos of a read
   * @param writeNanos of a write, a deallocate and a write of zeroes
   * @param flushNanos of a flush
   * @param slowRatio commands that take 50 times as long
   */
  public record Latencies(long readNanos, long writeNanos, long flushNanos, double slowRatio) {
    /** Checks the limits. */
    public Latencies {
      checkRatio(slowRatio);
      if (readNanos < 0 || writeNanos < 0 || flushNanos < 0) {
        throw new IllegalArgumentException("a latency is negative");
      }
    }
  }

  /**
   * Which commands fail.
   *
   * @param readRatio reads that end as an unrecovered read error
   * @param writeRatio writes that end as a write fault, with some, all or none of their blocks
   *     changed; deallocates and writes of zeroes too
   * @param flushRatio flushes that end as a write fault and make nothing durable
   */
  public record Errors(double readRatio, double writeRatio, double flushRatio) {
    /** Checks the limits. */
    public Errors {
      checkRatio(readRatio);
      checkRatio(writeRatio);
      checkRatio(flushRatio);
    }
  }

  /**
   * Which writes go wrong without an error.
   *
   * @param lostRatio writes that change nothing
   * @param misdirectedRatio writes that change other blocks
   * @param corruptRatio writes with one bit flipped
   */
  public record SilentFaults(double lostRatio, double misdirectedRatio, double corruptRatio) {
    /** Checks the limits. */
    public SilentFaults {
      checkRatio(lostRatio);
      checkRatio(misdirectedRatio);
      checkRatio(corruptRatio);
    }
  }

  /**
   * What a power cut does to unflushed writes; those neither kept nor torn are lost.
   *
   * @param keptRatio writes that survive whole
   * @param tornRatio writes of which each atomic unit survives or not by itself
   */
  public record Outcome(double keptRatio, double tornRatio) {
    /** Checks the limits. */
    public Outcome {
      checkRatio(keptRatio);
      checkRatio(tornRatio);
      checkRatio(keptRatio + tornRatio);
    }
  }

  /** Checks the limits. */
  public SimulationPlan {
    if (powerCutAtCommand < 0 || errorAtCommand < 0) {
      throw new IllegalArgumentException("a command number is negative");
    }
  }

  /**
   * Returns a plan without faults but for what a power cut does: one third each of the unflushed
   * writes is kept, torn and lost. Reads take 20 microseconds, writes 15, flushes 50; one command
   * in a hundred is slow.
   *
   * @param seed the seed
   * @return the plan
   */
  public static SimulationPlan of(long seed) {
    return new SimulationPlan(
        seed,
        new Latencies(20_000, 15_000, 50_000, 0.01),
        new Errors(0, 0, 0),
        new SilentFaults(0, 0, 0),
        new Outcome(1.0 / 3, 1.0 / 3),
        0,
        0);
  }

  /**
   * Returns this plan with another seed.
   *
   * @param changed the seed
   * @return the changed plan
   */
  public SimulationPlan withSeed(long changed) {
    return new SimulationPlan(
        changed, latencies, errors, silentFaults, outcome, powerCutAtCommand, errorAtCommand);
  }

  /**
   * Returns this plan with other latencies.
   *
   * @param changed the latencies
   * @return the changed plan
   */
  public SimulationPlan withLatencies(Latencies changed) {
    return new SimulationPlan(
        seed, changed, errors, silentFaults, outcome, powerCutAtCommand, errorAtCommand);
  }

  /**
   * Returns this plan with other errors.
   *
   * @param changed the errors
   * @return the changed plan
   */
  public SimulationPlan withErrors(Errors changed) {
    return new SimulationPlan(
        seed, latencies, changed, silentFaults, outcome, powerCutAtCommand, errorAtCommand);
  }

  /**
   * Returns this plan with other faults that no status reports.
   *
   * @param changed the faults
   * @return the changed plan
   */
  public SimulationPlan withSilentFaults(SilentFaults changed) {
    return new SimulationPlan(
        seed, latencies, errors, changed, outcome, powerCutAtCommand, errorAtCommand);
  }

  /**
   * Returns this plan with another outcome of a power cut.
   *
   * @param changed the outcome
   * @return the changed plan
   */
  public SimulationPlan withOutcome(Outcome changed) {
    return new SimulationPlan(
        seed, latencies, errors, silentFaults, changed, powerCutAtCommand, errorAtCommand);
  }

  /**
   * Returns this plan with another moment of the power cut.
   *
   * @param command counted from 1; 0 for never
   * @return the changed plan
   */
  public SimulationPlan withPowerCutAt(long command) {
    return new SimulationPlan(
        seed, latencies, errors, silentFaults, outcome, command, errorAtCommand);
  }

  /**
   * Returns this plan with another command that fails.
   *
   * @param command counted from 1; 0 for none
   * @return the changed plan
   */
  public SimulationPlan withErrorAt(long command) {
    return new SimulationPlan(
        seed, latencies, errors, silentFaults, outcome, powerCutAtCommand, command);
  }

  private static void checkRatio(double ratio) {
    if (!(ratio >= 0 && ratio <= 1)) {
      throw new IllegalArgumentException("a ratio is " + ratio + ", needed: 0 to 1");
    }
  }
}
