// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A store in a part of the comparison: its process, and the memory limit around it if any. */
final class PeerContender implements AutoCloseable {
  /** The JVM's own memory must not grow where it counts. */
  private static final List<String> COLD_OPTIONS =
      List.of("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch");

  private static final List<String> WARM_OPTIONS = List.of("-Xmx3g");

  /** For code the JVM compiles after the limit was set. */
  private static final long SLACK_BYTES = 16L << 20;

  private final Peer.Kind kind;
  private final WorkerProcess worker;
  private final List<String> flags;
  private final @Nullable MemoryLimit limit;
  private String description;

  private PeerContender(
      Peer.Kind kind, WorkerProcess worker, List<String> flags, @Nullable MemoryLimit limit)
      throws IOException {
    this.kind = kind;
    this.worker = worker;
    this.flags = flags;
    this.limit = limit;
    description = worker.describe();
  }

  /**
   * Starts a store's process.
   *
   * @param directory an empty one, for its files
   * @param keySource where its keys come from, as {@link Keys#of} takes it
   */
  static PeerContender start(
      Peer.Kind kind, PeerPart part, BenchOptions options, Path directory, String keySource)
      throws IOException {
    List<String> flags = new ArrayList<>(part.isCold() ? COLD_OPTIONS : WARM_OPTIONS);
    if (kind == Peer.Kind.LMDB) {
      flags.addAll(LmdbPeer.JVM_OPTIONS);
    }
    boolean isLimited = part.isCold() && kind == Peer.Kind.LMDB; // it has no cache of its own
    MemoryLimit limit = isLimited ? MemoryLimit.create("basalt-bench-" + pid()) : null;
    try {
      WorkerProcess worker =
          WorkerProcess.start(
              WorkerKind.PEER,
              limit == null ? List.of() : limit.prefix(),
              flags,
              kind.name(),
              directory.toString(),
              Long.toString(part.cacheBytes(options)),
              part.isSync() ? PeerWorker.SYNC : PeerWorker.NO_SYNC,
              part.isCold() ? PeerWorker.DIRECT : PeerWorker.CACHED,
              keySource,
              Integer.toString(part.recordCount(options)));
      return new PeerContender(kind, worker, flags, limit);
    } catch (IOException e) {
      if (limit != null) {
        limit.close();
      }
      throw e;
    }
  }

  private static long pid() {
    return ProcessHandle.current().pid();
  }

  Peer.Kind kind() {
    return kind;
  }

  String description() {
    return description;
  }

  /** What its JVM was started with beyond the flags of all. */
  List<String> flags() {
    return flags;
  }

  /**
   * Sets the limit, where there is one, to what the process has taken for itself and some memory
   * for data.
   */
  void limit(long dataBytes) throws IOException {
    if (limit != null) {
      Path status = Path.of("/proc", Long.toString(worker.pid()), "status");
      long own = Usage.numbers(status).getOrDefault("RssAnon", 0L) << 10;
      limit.set(own + SLACK_BYTES + dataBytes);
      description +=
          ", in a control group of "
              + Figures.mebibytes(own + SLACK_BYTES)
              + " for the JVM and "
              + Figures.mebibytes(dataBytes)
              + " for data";
    }
  }

  Sample load(PeerLoad load) throws IOException {
    worker.use(load.name());
    return worker.round(0);
  }

  /** Loads some records for some time, again and again, for the JVM to compile. */
  void warmUp(PeerLoad load, long nanos) throws IOException {
    worker.use(load.name());
    for (long spent = 0; spent < nanos; ) {
      spent += worker.round(nanos).wallNanos();
    }
  }

  Sample round(PeerPart.Case what, long nanos) throws IOException {
    worker.use(what.workload().name());
    return worker.round(nanos, what.threads());
  }

  @Override
  public void close() throws IOException {
    worker.close();
    if (limit != null) {
      limit.close();
    }
  }
}
