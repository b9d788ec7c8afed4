// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that a comparison gave; written as JSON.
 *
 * @param machine where it ran
 * @param flags of all JVMs
 * @param stores what was compared, once for each part it was in
 * @param measurements the rounds, in the order they were run
 * @param targets what was to be reached
 * @param notes what was left out, and why
 */
public record PeersReport(
    MachineFacts machine,
    List<String> flags,
    List<Contestant> stores,
    List<Measurement> measurements,
    List<Result> targets,
    List<String> notes) {
  /**
   * A store in a part.
   *
   * @param part the name of the part
   * @param store its name
   * @param description version, and how it was opened
   * @param flags of its JVM beyond those of all
   */
  public record Contestant(String part, String store, String description, List<String> flags) {}

  /**
   * One activity of all stores of a part.
   *
   * @param part the name of the part
   * @param activity the load, or the workload and its threads
   * @param conditions the part's title and how many records there were
   * @param dataBytes bytes of the keys and values loaded
   * @param isOnDevice whether the files were on a device, not on a memory file system
   * @param samples the rounds of each store
   */
  public record Measurement(
      String part,
      String activity,
      String conditions,
      long dataBytes,
      boolean isOnDevice,
      Map<String, List<Sample>> samples) {
    /** The rounds of a store; empty when it took no part. */
    List<Sample> of(String store) {
      return samples.getOrDefault(store, List.of());
    }

    void add(String store, Sample sample) {
      samples.computeIfAbsent(store, _ -> new ArrayList<>()).add(sample);
    }
  }

  static PeersReport of(MachineFacts machine) {
    return new PeersReport(
        machine,
        WorkerProcess.FLAGS,
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>());
  }

  /** Adds a measurement without rounds as yet. */
  Measurement measurement(PeerPart part, String activity, String conditions, long dataBytes) {
    Measurement added =
        new Measurement(
            part.option(), activity, conditions, dataBytes, !part.isFast(), new LinkedHashMap<>());
    measurements.add(added);
    return added;
  }

  /** The rounds of a store; empty when it took no part or there was no such activity. */
  List<Sample> samples(String part, String activity, String store) {
    return measurements.stream()
        .filter(each -> each.part.equals(part) && each.activity.equals(activity))
        .findFirst()
        .map(each -> each.of(store))
        .orElse(List.of());
  }
}
