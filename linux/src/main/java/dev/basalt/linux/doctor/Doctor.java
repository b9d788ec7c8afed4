// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.host.NvmeDevice;
import java.util.ArrayList;
import java.util.List;

/** Goes through the whole page. */
public final class Doctor {
  private static final List<Check> BEFORE_DEVICES =
      List.of(
          new KernelCheck(),
          new IoUringCheck(),
          new DirectIoCheck(),
          new OvercommitCheck(),
          new MemlockCheck(),
          new IommuCheck(),
          new VfioCheck());

  private static final List<Check> AFTER_DEVICES =
      List.of(
          new HugePagesCheck(),
          LibraryCheck.SPDK,
          LibraryCheck.XNVME,
          new IsolationCheck(),
          new GovernorCheck(),
          new SwapCheck(),
          new JavaCheck());

  private Doctor() {}

  /**
   * Judges a host.
   *
   * @param facts all that is known of it
   * @return the page, and the best back end
   */
  public static Diagnosis diagnose(HostFacts facts) {
    List<Check> checks = new ArrayList<>(BEFORE_DEVICES);
    if (facts.target() instanceof Target.Disk disk) {
      checks.add(new DiskCheck(disk));
    }
    for (NvmeDevice device : facts.devices()) {
      checks.add(new DeviceCheck(device));
    }
    checks.addAll(AFTER_DEVICES);
    List<Finding> findings = checks.stream().map(check -> check.of(facts)).toList();
    return new Diagnosis(findings, BackEnds.choose(facts));
  }
}
