// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a process has moved and holds, as the kernel counts it (proc(5): {@code io}, {@code
 * status}). A file system in memory has no device, and what goes through a mapping or a ring is no
 * call: each count misses something, so all are kept.
 *
 * @param device bytes of block devices: {@code read_bytes}, {@code write_bytes}
 * @param calls bytes of read and write calls: {@code rchar}, {@code wchar}
 * @param store bytes by the store's own counters; null where it has none
 * @param residentBytes resident memory, mapped files included
 * @param residentBytesMax the most it has been since the process started
 */
public record Usage(
    Traffic device,
    Traffic calls,
    @Nullable Traffic store,
    long residentBytes,
    long residentBytesMax) {
  /** Counts since the start of this process. */
  static Usage ofThisProcess() {
    try {
      return of(Path.of("/proc/self"));
    } catch (IOException e) {
      throw new IllegalStateException("proc(5) cannot be read", e);
    }
  }

  /** Counts since the start of the process with this directory below {@code /proc}. */
  static Usage of(Path process) throws IOException {
    Map<String, Long> io = numbers(process.resolve("io"));
    Map<String, Long> status = numbers(process.resolve("status"));
    return new Usage(
        new Traffic(io.getOrDefault("read_bytes", 0L), io.getOrDefault("write_bytes", 0L)),
        new Traffic(io.getOrDefault("rchar", 0L), io.getOrDefault("wchar", 0L)),
        null,
        status.getOrDefault("VmRSS", 0L) << 10,
        status.getOrDefault("VmHWM", 0L) << 10);
  }

  /** The lines of a file of names and numbers. */
  static Map<String, Long> numbers(Path file) throws IOException {
    Map<String, Long> numbers = new HashMap<>();
    for (String line : Files.readAllLines(file)) {
      String[] words = line.split("[:\\s]+", 3);
      if (words.length > 1 && words[1].matches("\\d{1,18}")) {
        numbers.put(words[0], Long.parseLong(words[1]));
      }
    }
    return numbers;
  }

  /** Traffic since an earlier look; memory as it is now. */
  Usage since(Usage earlier) {
    return new Usage(
        device.since(earlier.device),
        calls.since(earlier.calls),
        store == null || earlier.store == null ? null : store.since(earlier.store),
        residentBytes,
        residentBytesMax);
  }

  Usage withStore(@Nullable Traffic traffic) {
    return new Usage(device, calls, traffic, residentBytes, residentBytesMax);
  }
}
