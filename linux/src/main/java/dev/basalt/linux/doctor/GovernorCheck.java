// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.host.HostFiles;
import java.util.Set;
import java.util.TreeSet;

/** Whether processors slow down while they wait for a device. */
record GovernorCheck() implements Check {
  private static final String NAME = "governor";
  private static final String PROCESSORS = "/sys/devices/system/cpu/";

  @Override
  public Finding of(HostFacts facts) {
    Set<String> governors = governors(facts.files());
    if (governors.isEmpty()) {
      return Finding.ok(NAME, "the kernel does not set the frequency");
    }
    String found = String.join(", ", governors);
    return governors.contains("powersave")
        ? Finding.advice(
            NAME,
            found,
            "performance, for steady latency",
            "echo performance | tee " + PROCESSORS + "cpu*/cpufreq/scaling_governor")
        : Finding.ok(NAME, found);
  }

  private static Set<String> governors(HostFiles files) {
    Set<String> governors = new TreeSet<>();
    for (String processor : files.names(PROCESSORS)) {
      String governor = files.text(PROCESSORS + processor + "/cpufreq/scaling_governor");
      if (governor != null) {
        governors.add(governor);
      }
    }
    return governors;
  }
}
