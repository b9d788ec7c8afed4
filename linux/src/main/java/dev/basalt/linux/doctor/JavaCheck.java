// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import java.util.Locale;

/** Whether the JVM was started as it should be. */
record JavaCheck() implements Check {
  private static final String NAME = "Java";

  @Override
  public Finding of(HostFacts facts) {
    SystemFacts.JavaFacts java = facts.system().java();
    String found =
        String.format(
            Locale.ROOT,
            "%s, heap up to %,d MiB, native access %s",
            java.version(),
            java.heapBytesMax() >> 20,
            java.isNativeAccessEnabled() ? "enabled" : "not enabled");
    return java.isNativeAccessEnabled()
        ? Finding.ok(NAME, found)
        : Finding.advice(
            NAME,
            found,
            "native access for two modules; newer JVMs refuse to go on without",
            "java --enable-native-access=dev.basalt.linux,dev.basalt.spdk ...");
  }
}
