// SPDX-License-Identifier: Apache-2.0
package dev.basalt.spdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.linux.SignalHandlers;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The JVM's signal handlers are its own again after a library has set others (facts, "SPDK"). */
@Timeout(120)
class SignalHandlersTest {
  @ParameterizedTest
  @ValueSource(strings = {"ram", "spdk", "xnvme"})
  void shouldLeaveTheJvmItsHandlers(String driver)
      throws IOException, InterruptedException, URISyntaxException {
    assumeTrue(
        DriverLibraries.find(driver) != null,
        "there is no " + DriverLibraries.fileName(driver) + " here");
    String path =
        String.join(
            ":",
            place(SignalHandlers.class),
            place(NativeDriver.class),
            place(SignalHandlersTest.class));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                path,
                "--enable-native-access=ALL-UNNAMED",
                "-D"
                    + DriverLibraries.PATH_PROPERTY
                    + "="
                    + System.getProperty(DriverLibraries.PATH_PROPERTY),
                TruncatedMapping.class.getName(),
                driver)
            .redirectErrorStream(true)
            .start();
    try {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it hangs");
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(output.contains("java.lang.InternalError: a fault occurred"), output);
      assertEquals(0, process.exitValue());
    } finally {
      process.destroyForcibly();
    }
  }

  private static String place(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }
}
