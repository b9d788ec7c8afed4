// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A worker in a JVM of its own, as the bench sees it. The JVM gets the module path and the class
 * path of this one; extra options go to that worker alone.
 */
final class WorkerProcess implements AutoCloseable {
  /** What all workers' JVMs are started with, before the options of each. */
  static final List<String> FLAGS = List.of("-Xms1g", "-Xmx1g", "-XX:+UseSerialGC");

  private static final List<String> CODE =
      List.of(
          "--module-path",
          System.getProperty("jdk.module.path", ""),
          "--add-modules",
          "ALL-MODULE-PATH",
          "--enable-native-access=dev.basalt.linux,dev.basalt.spdk,ALL-UNNAMED",
          "-cp",
          System.getProperty("java.class.path"));

  private final ObjectMapper json = new ObjectMapper();
  private final WorkerKind kind;
  private final Process process;
  private final BufferedReader answers;
  private final Writer commands;

  private WorkerProcess(WorkerKind kind, Process process) {
    this.kind = kind;
    this.process = process;
    this.answers = process.inputReader(StandardCharsets.UTF_8);
    this.commands = process.outputWriter(StandardCharsets.UTF_8);
  }

  /** Starts a worker and waits until it is ready. */
  static WorkerProcess start(WorkerKind kind, List<String> options, String... arguments)
      throws IOException {
    return start(kind, List.of(), options, arguments);
  }

  /** Starts a worker through a command that stands before the JVM's. */
  static WorkerProcess start(
      WorkerKind kind, List<String> prefix, List<String> options, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(FLAGS);
    command.addAll(CODE);
    command.addAll(options);
    command.add(WorkerMain.class.getName());
    command.add(kind.name());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    WorkerProcess worker = new WorkerProcess(kind, builder.start());
    String answer = worker.answers.readLine();
    if (!WorkerMain.READY.equals(answer)) {
      worker.close();
      throw new IOException("worker " + kind + " did not start: " + answer);
    }
    return worker;
  }

  /** Runs one round of one thread and waits for its sample. */
  Sample round(long nanos) throws IOException {
    return round(nanos, 1);
  }

  /** Runs one round of some threads and waits for its sample. */
  Sample round(long nanos, int threads) throws IOException {
    commands.write(String.join(" ", WorkerMain.ROUND, Long.toString(nanos), threads + "\n"));
    commands.flush();
    String answer = answers.readLine();
    if (answer == null) {
      throw new IOException("worker " + kind + " ended in the middle of a round");
    }
    return json.readValue(answer, Sample.class);
  }

  /** Says what the rounds from now on are to do. */
  void use(String name) throws IOException {
    commands.write(WorkerMain.USE + " " + name + "\n");
  }

  /** Asks what the worker has opened. */
  String describe() throws IOException {
    commands.write(WorkerMain.DESCRIBE + "\n");
    commands.flush();
    String answer = answers.readLine();
    if (answer == null) {
      throw new IOException("worker " + kind + " has ended");
    }
    return answer;
  }

  /** The operating system's number of the process. */
  long pid() {
    return process.pid();
  }

  @Override
  public void close() throws IOException {
    commands.close();
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
