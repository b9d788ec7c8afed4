// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

/** Whether address space for a whole store can be reserved without memory behind it. */
record OvercommitCheck() implements Check {
  private static final String NAME = "overcommit";
  private static final int STRICT = 2;

  @Override
  public Finding of(HostFacts facts) {
    long mode = facts.files().number("/proc/sys/vm/overcommit_memory", 0);
    String found = "vm.overcommit_memory is " + mode;
    return mode == STRICT
        ? Finding.problem(
            NAME,
            found + ": reserved addresses count as memory",
            "0 or 1, for state words of more pages than there are",
            "sysctl -w vm.overcommit_memory=0")
        : Finding.ok(NAME, found);
  }
}
