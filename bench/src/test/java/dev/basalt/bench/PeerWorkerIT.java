// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeerWorkerIT {
  private static final int COUNT = 2_000;

  @TempDir private Path directory;

  @Test
  void shouldKeepOneStoreHoweverOftenItLoads() throws IOException {
    try (PeerWorker worker = worker()) {
      for (PeerLoad load : PeerLoad.values()) {
        worker.use(load.name());
        Sample sample = worker.round(0, 1);
        assertEquals(COUNT, sample.operations());
        assertTrue(sample.bytes() >= (long) COUNT * Records.RECORD_BYTES, sample.toString());
      }
      assertEquals(1, stores().size(), stores().toString());
    }
    assertEquals(List.of(), stores());
  }

  @Test
  void shouldRunEachWorkload() throws IOException {
    try (PeerWorker worker = worker()) {
      worker.use(PeerLoad.RANDOM_LOAD.name());
      worker.round(0, 1);
      for (PeerWorkload workload : PeerWorkload.values()) {
        worker.use(workload.name());
        for (int threads : workload.inserts() ? new int[] {1} : new int[] {1, 2, 100}) {
          Sample sample = roundWithOperations(worker, threads);
          assertTrue(sample.latency().nanos50() > 0, workload + " " + threads);
          assertTrue(sample.latency().nanos999() >= sample.latency().nanos99());
          assertNotNull(sample.usage());
        }
      }
      worker.use(PeerWorkload.YCSB_D.name());
      assertThrows(IllegalArgumentException.class, () -> worker.round(1, 2));
    }
  }

  /** A round so long that something is done in it, however slow the machine. */
  private static Sample roundWithOperations(PeerWorker worker, int threads) throws IOException {
    for (long nanos = 1_000_000; ; nanos *= 2) {
      Sample sample = worker.round(nanos, threads);
      if (sample.operations() > 0) {
        return sample;
      }
    }
  }

  private PeerWorker worker() throws IOException {
    PeerWorker worker = new PeerWorker();
    worker.prepare(
        new String[] {
          Peer.Kind.ROCKSDB.name(),
          directory.toString(),
          Long.toString(64L << 20),
          PeerWorker.NO_SYNC,
          PeerWorker.CACHED,
          NumberKeys.SOURCE,
          Integer.toString(COUNT)
        });
    return worker;
  }

  private List<Path> stores() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }
}
