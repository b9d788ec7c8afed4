// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The program of a worker's JVM. Speaks lines: it prints {@code ready}, then answers each {@code
 * round NANOS THREADS} from standard input with one line of JSON, until the input ends. {@code use
 * NAME} has no answer, {@code describe} one line of text.
 */
final class WorkerMain {
  static final String READY = "ready";
  static final String ROUND = "round";
  static final String USE = "use";
  static final String DESCRIBE = "describe";

  private WorkerMain() {}

  public static void main(String[] arguments) throws IOException {
    // Whatever a library prints must not look like an answer.
    PrintStream answers = System.out;
    System.setOut(System.err);
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    ObjectMapper json = new ObjectMapper();
    try (Worker worker = WorkerKind.valueOf(arguments[0]).create()) {
      worker.prepare(Arrays.copyOfRange(arguments, 1, arguments.length));
      answers.println(READY);
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        String[] words = line.split(" ", -1);
        if (words[0].equals(USE)) {
          worker.use(words[1]);
          continue;
        }
        if (words[0].equals(DESCRIBE)) {
          answers.println(worker.describe());
          continue;
        }
        Sample sample = worker.round(Long.parseLong(words[1]), Integer.parseInt(words[2]));
        answers.println(json.writeValueAsString(sample));
      }
    }
  }
}
