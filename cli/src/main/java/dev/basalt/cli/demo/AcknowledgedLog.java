// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.demo;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A text file with a line for each acknowledged step: number of the writer, tab, number of the
 * step.
 *
 * <p>Each line is one {@code write} to a file opened for appending, so it is there after the
 * process was killed: the kernel has it. (It would not be after a power failure; that is what the
 * simulation is for.)
 *
 * <p><b>Concurrency.</b> Any thread may add.
 */
final class AcknowledgedLog implements AutoCloseable {
  private final OutputStream stream;

  AcknowledgedLog(Path file) throws IOException {
    this.stream =
        Files.newOutputStream(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }

  /** Notes that a step was acknowledged. */
  synchronized void add(int writer, long step) {
    try {
      stream.write((writer + "\t" + step + "\n").getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads the last acknowledged step of each writer. */
  static Map<Integer, Long> lastSteps(Path file) throws IOException {
    Map<Integer, Long> lastSteps = new TreeMap<>();
    if (!Files.exists(file)) {
      return lastSteps;
    }
    try (Stream<String> lines = Files.lines(file, StandardCharsets.US_ASCII)) {
      lines.forEach(
          line -> {
            int tab = line.indexOf('\t');
            int writer = Integer.parseInt(line.substring(0, tab));
            lastSteps.put(writer, Long.parseLong(line.substring(tab + 1)));
          });
    }
    return lastSteps;
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }
}
