// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.nanos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

/**
 * Samples of one thread's CPU time (JEP 509), counted by step. A sample whose frames no rule names
 * counts for the module of its innermost frame, so that nothing is lost when code moves.
 */
final class StepSamples {
  private static final String EVENT = "jdk.CPUTimeSample";
  private static final String MODULES = "dev.basalt.";
  private static final String BENCH = MODULES + "bench.";

  private final Map<String, Long> counts = new TreeMap<>();
  private final String thread = Thread.currentThread().getName();
  private final List<StepRule> rules;
  private long total;
  private long withoutStack;

  StepSamples(List<StepRule> rules) {
    this.rules = rules;
  }

  /** Runs something on the calling thread, which made this object, and takes samples meanwhile. */
  void take(SteppedOperation.Body body, int count) throws IOException {
    Path file = Files.createTempFile("basalt-bench", ".jfr");
    try (Recording recording = new Recording()) {
      // As often as the kernel's timer allows; often four times less.
      recording.enable(EVENT).with("throttle", "1ms").withStackTrace();
      recording.start();
      body.run(count);
      recording.stop();
      recording.dump(file);
      RecordingFile.readAllEvents(file).forEach(this::add);
    } finally {
      Files.delete(file);
    }
  }

  /** Returns how many samples belong to each step. */
  Map<String, Long> counts() {
    return counts;
  }

  /** Returns how many samples have a step. */
  long total() {
    return total;
  }

  /** Returns how many samples were taken that tell nothing. */
  long withoutStack() {
    return withoutStack;
  }

  private void add(RecordedEvent event) {
    if (!event.getEventType().getName().equals(EVENT)
        || !thread.equals(event.getThread("eventThread").getJavaName())) {
      return;
    }
    RecordedStackTrace stack = event.getStackTrace();
    if (event.getBoolean("failed") || stack == null) {
      withoutStack++;
      return;
    }
    counts.merge(step(stack.getFrames()), 1L, Long::sum);
    total++;
  }

  private String step(List<RecordedFrame> frames) {
    String module = null;
    for (RecordedFrame frame : frames) {
      String type = frame.getMethod().getType().getName();
      String step = StepRule.stepOf(rules, type, frame.getMethod().getName());
      if (step != null) {
        return module != null && step.equals(SteppedOperation.LOOP) ? module : step;
      }
      module = module == null ? moduleOf(type) : module;
    }
    return module == null ? SteppedOperation.LOOP : module;
  }

  private static @Nullable String moduleOf(String type) {
    if (!type.startsWith(MODULES) || type.startsWith(BENCH)) {
      return null;
    }
    int end = type.indexOf('.', MODULES.length());
    return "other code of " + type.substring(MODULES.length(), end);
  }
}
