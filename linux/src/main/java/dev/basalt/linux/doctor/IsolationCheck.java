// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.host.HostFiles;

/** Which processors are kept for pinned threads. */
record IsolationCheck() implements Check {
  @Override
  public Finding of(HostFacts facts) {
    HostFiles files = facts.files();
    String isolated = files.text("/sys/devices/system/cpu/isolated", "");
    String online = files.text("/sys/devices/system/cpu/online", "?");
    return Finding.ok(
        "processors",
        "online: "
            + online
            + ", isolated: "
            + (isolated.isEmpty() ? "none (only pollers that spin gain by it)" : isolated));
  }
}
