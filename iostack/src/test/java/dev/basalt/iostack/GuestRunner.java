// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;
import static org.junit.platform.launcher.TagFilter.excludeTags;
import static org.junit.platform.launcher.TagFilter.includeTags;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs what is tagged {@code guest} of the classes ({@code package.Class}) and methods ({@code
 * package.Class#method}) it is given; {@code scripts/vm} starts it in the guest machine. With
 * {@code --short} as the first argument it leaves out what is tagged {@code guest-long}. Prints a
 * line for each test as it ends, and a summary with the reasons of those that were skipped. Exit
 * code 0 when all passed or were skipped, 1 when one failed or there was none.
 *
 * <p><b>Concurrency.</b> Called by the thread that runs the tests.
 */
final class GuestRunner implements TestExecutionListener {
  private static final String SHORT = "--short";

  /** For each test and each method around it: a test that hangs is to be named, not the run. */
  private static final String TIMEOUT = "300 s";

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final Map<String, Long> startNanos = new HashMap<>();
  private final StringBuilder skipReasons = new StringBuilder();
  private int passedCount;
  private int failedCount;
  private int skippedCount;

  private GuestRunner() {}

  /**
   * Runs tests and ends the JVM.
   *
   * @param arguments see above
   */
  public static void main(String[] arguments) {
    List<String> selected = List.of(arguments);
    boolean isShort = !selected.isEmpty() && selected.getFirst().equals(SHORT);
    GuestRunner runner = new GuestRunner();
    LauncherFactory.create()
        .execute(request(selected.subList(isShort ? 1 : 0, selected.size()), isShort), runner);
    System.exit(runner.summarize() ? 0 : 1);
  }

  private static LauncherDiscoveryRequest request(List<String> selected, boolean isShort) {
    LauncherDiscoveryRequestBuilder request =
        LauncherDiscoveryRequestBuilder.request()
            .filters(includeTags("guest"))
            .configurationParameter("junit.jupiter.execution.timeout.default", TIMEOUT);
    if (isShort) {
      request.filters(excludeTags("guest-long"));
    }
    for (String name : selected) {
      request.selectors(name.indexOf('#') < 0 ? selectClass(name) : selectMethod(name));
    }
    return request.build();
  }

  @Override
  public void executionStarted(TestIdentifier test) {
    startNanos.put(test.getUniqueId(), System.nanoTime());
  }

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    skipped(test, reason);
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    switch (result.getStatus()) {
      case SUCCESSFUL -> {
        if (test.isTest()) {
          passedCount++;
          out.printf("passed  %s (%s)%n", name(test), elapsed(test));
        }
      }
      case ABORTED ->
          skipped(test, result.getThrowable().map(Throwable::getMessage).orElse("no reason"));
      case FAILED -> {
        failedCount++;
        out.printf("FAILED  %s (%s)%n", name(test), elapsed(test));
        result.getThrowable().ifPresent(failure -> failure.printStackTrace(out));
      }
    }
  }

  private void skipped(TestIdentifier test, String reason) {
    skippedCount++;
    out.printf("skipped %s%n", name(test));
    skipReasons.append("  skipped ").append(name(test)).append(": ").append(reason).append('\n');
  }

  private boolean summarize() {
    int count = passedCount + failedCount + skippedCount;
    out.printf(
        "%d tests, %d failed, %d skipped%n%s", count, failedCount, skippedCount, skipReasons);
    return failedCount == 0 && count > 0;
  }

  /** As {@code scripts/vm run} takes it, with what JUnit calls the test where that says more. */
  private static String name(TestIdentifier test) {
    TestSource source = test.getSource().orElse(null);
    if (source instanceof MethodSource method) {
      String called = test.getDisplayName();
      String suffix = called.startsWith(method.getMethodName()) ? "" : " " + called;
      return method.getClassName() + "#" + method.getMethodName() + suffix;
    }
    return source instanceof ClassSource type ? type.getClassName() : test.getDisplayName();
  }

  private String elapsed(TestIdentifier test) {
    long nanos = System.nanoTime() - startNanos.getOrDefault(test.getUniqueId(), 0L);
    return String.format("%.1f s", nanos / 1e9);
  }
}
