// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.binding.BindCheck;
import dev.basalt.linux.binding.BindRefusal;
import dev.basalt.linux.doctor.BackEndVerdict.When;
import dev.basalt.linux.host.BlockContent;
import dev.basalt.linux.host.BlockUse;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeNamespace;
import dev.basalt.linux.host.PciFunction;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What can drive one NVMe device.
 *
 * @param device which
 */
record DeviceCheck(NvmeDevice device) implements Check {
  @Override
  public Finding of(HostFacts facts) {
    List<BackEndVerdict> verdicts = BackEnds.verdicts(facts, device);
    boolean isUsable = verdicts.stream().anyMatch(verdict -> verdict.when() != When.NO);
    String mend = facts.isTarget(device) ? mend(facts, isUsable) : "";
    return new Finding(
        "NVMe " + device.name(),
        severity(facts, mend, isUsable),
        describe(facts),
        mend.isEmpty() ? "" : "a device that a back end of this build can take as it is",
        mend,
        details(verdicts));
  }

  private Severity severity(HostFacts facts, String mend, boolean isUsable) {
    if (mend.isEmpty()) {
      boolean holdsData = facts.isTarget(device) && !facts.contents().isEmpty();
      return holdsData ? Severity.NOTE : Severity.OK;
    }
    return isUsable ? Severity.ADVICE : Severity.PROBLEM;
  }

  /** Back ends of the same verdict share a line. */
  private static List<String> details(List<BackEndVerdict> verdicts) {
    Map<String, String> schemes = new LinkedHashMap<>();
    for (BackEndVerdict verdict : verdicts) {
      schemes.merge(verdict.text(), verdict.scheme(), (a, b) -> a + ", " + b);
    }
    List<String> details = new ArrayList<>();
    schemes.forEach((text, names) -> details.add(names + ": " + text));
    return details;
  }

  private String describe(HostFacts facts) {
    String model = device.controller() == null ? "" : " " + device.controller().model();
    List<BlockUse> uses = facts.uses().of(device);
    StringBuilder state = new StringBuilder(uses.isEmpty() ? "not in use" : uses.getFirst().text());
    if (facts.isTarget(device)) {
      for (BlockContent content : facts.contents()) {
        state.append(", ").append(content.text());
      }
    }
    return device.address() + model + driver() + ", " + state;
  }

  private String driver() {
    PciFunction function = device.function();
    if (function == null) {
      return "";
    }
    return function.driver() == null ? ", no driver" : ", driver " + function.driver();
  }

  /** What another line of the page mends is not said here again. */
  private String mend(HostFacts facts, boolean isUsable) {
    List<BlockUse> uses = facts.uses().of(device);
    if (!uses.isEmpty()) {
      return uses.getFirst().mend();
    }
    List<BindRefusal> memberships = facts.memberships(device);
    if (!memberships.isEmpty()) {
      return memberships.getFirst().mend();
    }
    for (BindRefusal refusal : BindCheck.refusals(facts.files(), device, facts.uses())) {
      if (refusal instanceof BindRefusal.GroupNotViable && facts.mayUseUserSpace()) {
        return refusal.mend();
      }
    }
    NvmeNamespace namespace = BackEnds.namespace(facts.target(), device);
    if (namespace != null && namespace.format().isZoned()) {
      return "take another device, or put a file system for zoned devices on it";
    }
    if (namespace != null && namespace.format().metadataBytes() > 0) {
      return "format it without metadata: nvme format --lbaf=N --ms=0 (erases it; 'nvme id-ns -H'"
          + " lists the formats)";
    }
    return isUsable || facts.system().ioUringErrno() != 0
        ? ""
        : "basalt device unbind " + device.address();
  }
}
