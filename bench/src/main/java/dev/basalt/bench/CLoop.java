// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program in C that reads for some time, and prints operations, nanoseconds and CPU time. */
final class CLoop {
  private CLoop() {}

  /** Runs it; the time in milliseconds is its last argument. */
  static Sample run(long nanos, Object... command) throws IOException {
    List<String> words = new ArrayList<>();
    for (Object word : command) {
      words.add(word.toString());
    }
    words.add(Long.toString(TimeUnit.NANOSECONDS.toMillis(nanos)));
    Process process =
        new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String[] printed =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
            .strip()
            .split(" ", -1);
    if (printed.length != 3) {
      throw new IOException(words + " has printed " + String.join(" ", printed));
    }
    return Sample.of(
        Long.parseLong(printed[0]), Long.parseLong(printed[1]), Long.parseLong(printed[2]));
  }
}
