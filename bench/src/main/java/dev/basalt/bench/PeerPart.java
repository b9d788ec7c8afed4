// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Peer.Kind;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** A part of the comparison: the same data and conditions for some stores. */
enum PeerPart {
  /** Everything fits. The one part with all stores and all workloads. */
  MEMORY("all in memory, files on the disk, no commit waited for"),
  /** The keys of a file. */
  KEYS("real keys, all in memory, files on the disk, no commit waited for"),
  /** Commits on the disk before they return. */
  SYNC("all in memory, each commit on the disk before it returns"),
  /** Four times more data than memory, without a device. */
  COLD_FAST("data 4x the store's own cache, files on a memory file system"),
  /** Four times more data than memory. */
  COLD_DISK("data 4x memory, files on the disk, no commit waited for");

  private static final int DATA_TO_MEMORY = 4;
  private static final long CACHE_BYTES = 2L << 30;
  private static final int VIRTUAL_THREADS = 1_000;

  private final String title;

  PeerPart(String title) {
    this.title = title;
  }

  /** What is called at once how often, for some time. */
  record Case(PeerWorkload workload, int threads) {
    /** Its name for people. */
    String title() {
      return switch (threads) {
        case 1 -> workload.title();
        case VIRTUAL_THREADS -> workload.title() + ", 1,000 virtual threads";
        default -> workload.title() + ", " + threads + " threads";
      };
    }
  }

  /** What it is about. */
  String title() {
    return title;
  }

  /** Its name on the command line. */
  String option() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  boolean isSync() {
    return this == SYNC;
  }

  boolean isCold() {
    return this == COLD_FAST || this == COLD_DISK;
  }

  /** Whether its files are on a memory file system. */
  boolean isFast() {
    return this == COLD_FAST;
  }

  /** How many records are loaded. Fewer in a quick run, but enough to be more than the cache. */
  int recordCount(BenchOptions options) {
    return switch (this) {
      case MEMORY, KEYS -> options.quick() ? 200_000 : 5_000_000;
      case SYNC -> options.quick() ? 50_000 : 500_000;
      case COLD_FAST, COLD_DISK -> options.quick() ? 1_000_000 : 5_000_000;
    };
  }

  /** What a store may hold in memory. */
  long cacheBytes(BenchOptions options) {
    return isCold()
        ? (long) recordCount(options) * Records.RECORD_BYTES / DATA_TO_MEMORY
        : CACHE_BYTES;
  }

  /** The stores that can do it. */
  Set<Kind> kinds() {
    return switch (this) {
      case MEMORY, KEYS -> EnumSet.allOf(Kind.class);
      case SYNC -> EnumSet.of(Kind.BASALT, Kind.LMDB, Kind.ROCKSDB, Kind.XODUS);
      case COLD_FAST -> EnumSet.of(Kind.BASALT);
      case COLD_DISK -> EnumSet.of(Kind.BASALT, Kind.LMDB, Kind.ROCKSDB);
    };
  }

  /** How the data comes in; it stays as the last load leaves it. */
  List<PeerLoad> loads() {
    return switch (this) {
      case MEMORY, KEYS -> List.of(PeerLoad.ORDERED_LOAD, PeerLoad.RANDOM_LOAD);
      case SYNC, COLD_FAST, COLD_DISK -> List.of(PeerLoad.ORDERED_LOAD);
    };
  }

  /** What is measured, in this order: what adds records comes last. */
  List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    switch (this) {
      case MEMORY -> {
        add(cases, PeerWorkload.READ_UNIFORM, 1, 2, VIRTUAL_THREADS);
        add(cases, PeerWorkload.READ_ZIPF, 1);
        add(cases, PeerWorkload.SCAN_UP, 1);
        add(cases, PeerWorkload.SCAN_DOWN, 1);
        add(cases, PeerWorkload.UPDATE_HALF, 1, 2);
        add(cases, PeerWorkload.YCSB_A, 1);
        add(cases, PeerWorkload.YCSB_B, 1);
        add(cases, PeerWorkload.YCSB_F, 1);
        add(cases, PeerWorkload.YCSB_D, 1);
        add(cases, PeerWorkload.YCSB_E, 1);
      }
      case KEYS -> {
        add(cases, PeerWorkload.READ_UNIFORM, 1);
        add(cases, PeerWorkload.SCAN_UP, 1);
        add(cases, PeerWorkload.UPDATE_HALF, 1);
      }
      case SYNC -> add(cases, PeerWorkload.UPDATE, 1, 2, VIRTUAL_THREADS);
      case COLD_FAST -> add(cases, PeerWorkload.READ_UNIFORM, 1, 2, VIRTUAL_THREADS);
      case COLD_DISK -> {
        add(cases, PeerWorkload.READ_UNIFORM, 1, 2, VIRTUAL_THREADS);
        add(cases, PeerWorkload.UPDATE_HALF, 2, VIRTUAL_THREADS);
      }
    }
    return cases;
  }

  private static void add(List<Case> cases, PeerWorkload workload, int... threads) {
    for (int count : threads) {
      cases.add(new Case(workload, count));
    }
  }
}
