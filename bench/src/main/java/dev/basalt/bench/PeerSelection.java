// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What of the comparison is run, by names: of parts, of stores, of loads and workloads. Of a sort
 * that no name is of, all are run; Basalt always is. Loads that are not named bring the data but
 * are not repeated.
 *
 * @param names what is wanted
 */
record PeerSelection(Set<String> names) {
  /** The part that is a line of its own as well. */
  static final String CONTENTION = "contention";

  /**
   * Checks the names.
   *
   * @throws IllegalArgumentException when there is no such part, store, load or workload
   */
  static PeerSelection of(List<String> names) {
    for (String name : names) {
      if (!all().contains(name)) {
        throw new IllegalArgumentException(
            "there is no '" + name + "' among the peers; there are " + String.join(", ", all()));
      }
    }
    return new PeerSelection(new TreeSet<>(names));
  }

  private static List<String> all() {
    List<String> all = new ArrayList<>(parts());
    all.addAll(stores());
    all.addAll(activities());
    return all;
  }

  private static List<String> parts() {
    List<String> parts =
        new ArrayList<>(List.of(PeerPart.values()).stream().map(PeerPart::option).toList());
    parts.add(CONTENTION);
    return parts;
  }

  private static List<String> stores() {
    List<String> stores =
        new ArrayList<>(List.of(Peer.Kind.values()).stream().map(Peer.Kind::title).toList());
    stores.addAll(List.of(Vmcache.NAME, PeersLine.FIO));
    return stores;
  }

  private static List<String> activities() {
    List<String> activities =
        new ArrayList<>(List.of(PeerLoad.values()).stream().map(PeerLoad::title).toList());
    activities.addAll(List.of(PeerWorkload.values()).stream().map(PeerWorkload::title).toList());
    return activities;
  }

  boolean hasPart(String part) {
    return has(part, parts());
  }

  boolean hasStore(String store) {
    return store.equals(Peer.Kind.BASALT.title()) || has(store, stores());
  }

  boolean hasActivity(String activity) {
    return has(activity, activities());
  }

  private boolean has(String name, List<String> sort) {
    return names.contains(name) || names.stream().noneMatch(sort::contains);
  }
}
