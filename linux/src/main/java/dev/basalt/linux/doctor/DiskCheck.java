// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.host.BlockUse;

/**
 * Whether nobody uses the disk or partition that is the target.
 *
 * @param disk which
 */
record DiskCheck(Target.Disk disk) implements Check {
  private static final String NAME = "disk";

  @Override
  public Finding of(HostFacts facts) {
    if (disk.uses().isEmpty()) {
      return Finding.ok(NAME, disk.name() + " is not in use");
    }
    BlockUse use = disk.uses().getFirst();
    return Finding.problem(NAME, use.text(), "a disk that nobody uses", use.mend());
  }
}
