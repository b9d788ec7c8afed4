// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.Errno;
import dev.basalt.linux.binding.BindCheck;
import dev.basalt.linux.binding.BindRefusal;
import dev.basalt.linux.doctor.BackEndVerdict.When;
import dev.basalt.linux.host.BlockUse;
import dev.basalt.linux.host.HugePagePool;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeNamespace;
import dev.basalt.linux.host.PciFunction;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What can drive a device, and which of that is best. */
final class BackEnds {
  static final String VFIO = "vfio";
  static final String SPDK = "spdk";
  static final String XNVME = "xnvme";
  static final String NVME_URING = "nvme-uring";
  static final String IO_URING = "io_uring";

  private static final int CAP_SYS_ADMIN = 21;

  private BackEnds() {}

  /** Judges all back ends for a device, best first. */
  static List<BackEndVerdict> verdicts(HostFacts facts, NvmeDevice device) {
    NvmeNamespace namespace = namespace(facts.target(), device);
    return List.of(
        ofUserSpace(VFIO, facts, device, namespace),
        ofUserSpace(SPDK, facts, device, namespace),
        ofPassthrough(NVME_URING, facts, device, namespace),
        ofPassthrough(XNVME, facts, device, namespace),
        ofBlockDevice(facts, device, namespace));
  }

  /** Chooses the best back end for the target. */
  static BackEndChoice choose(HostFacts facts) {
    return switch (facts.target()) {
      case Target.Place place -> ofPlace(facts, place);
      case Target.Disk disk -> ofDisk(facts, disk);
      case Target.Device target -> ofDevice(facts, target.device());
    };
  }

  /** Returns the namespace that is meant, the first where none is named, null where none is. */
  static @Nullable NvmeNamespace namespace(Target target, NvmeDevice device) {
    List<NvmeNamespace> named = new ArrayList<>(device.namespaces());
    if (target instanceof Target.Device wanted) {
      String name = wanted.name().substring(wanted.name().lastIndexOf('/') + 1);
      named.removeIf(n -> !n.nodes().contains(name) && !n.genericName().equals(name));
    }
    if (named.isEmpty()) {
      named.addAll(device.namespaces());
    }
    return named.isEmpty() ? null : named.getFirst();
  }

  private static BackEndVerdict ofUserSpace(
      String scheme, HostFacts facts, NvmeDevice device, @Nullable NvmeNamespace namespace) {
    PciFunction function = device.function();
    String lack = lackOfUserSpace(scheme, facts);
    if (!lack.isEmpty()) {
      return BackEndVerdict.no(scheme, lack);
    }
    List<BindRefusal> refusals =
        new ArrayList<>(BindCheck.refusals(facts.files(), device, facts.uses()));
    refusals.addAll(facts.memberships(device));
    if (function == null || !refusals.isEmpty()) {
      BindRefusal first = refusals.getFirst();
      return BackEndVerdict.no(scheme, first.reason() + ": " + first.mend());
    }
    String format = badFormat(namespace);
    if (!format.isEmpty()) {
      return BackEndVerdict.no(scheme, format);
    }
    String uri = scheme + ":" + function.address() + "/" + (namespace == null ? 1 : namespace.id());
    if (!function.isBoundToVfio()) {
      return new BackEndVerdict(
          scheme, When.AFTER_BIND, uri, "first: basalt device bind " + function.address());
    }
    List<BlockUse> uses = facts.uses().of(device);
    return uses.isEmpty()
        ? new BackEndVerdict(scheme, When.NOW, uri, "the device is bound to vfio-pci")
        : BackEndVerdict.no(scheme, uses.getFirst().text());
  }

  private static String lackOfUserSpace(String scheme, HostFacts facts) {
    if (!facts.hasBackEnd(scheme)) {
      return "no driver for it here, see docs/spdk.md";
    }
    if (scheme.equals(SPDK)) {
      if (LibraryCheck.SPDK.found(facts.files()).isEmpty()) {
        return "SPDK is not installed";
      }
      List<HugePagePool> pools = HugePagePool.readAll(facts.files());
      if (pools.stream().allMatch(pool -> pool.freeCount() == 0)) {
        return "SPDK needs huge pages, none is free";
      }
    }
    return "";
  }

  private static BackEndVerdict ofPassthrough(
      String scheme, HostFacts facts, NvmeDevice device, @Nullable NvmeNamespace namespace) {
    if (!facts.hasBackEnd(scheme)) {
      return BackEndVerdict.no(scheme, "no driver for it here, see docs/spdk.md");
    }
    if (scheme.equals(XNVME) && LibraryCheck.XNVME.found(facts.files()).isEmpty()) {
      return BackEndVerdict.no(scheme, "xNVMe is not installed");
    }
    String lack = lackOfKernel(facts, device, namespace);
    if (!lack.isEmpty() || namespace == null) {
      return BackEndVerdict.no(scheme, lack);
    }
    if (!facts.system().isKernelAtLeast(5, 19)) {
      return BackEndVerdict.no(scheme, "needs Linux 5.19");
    }
    if (!facts.system().isKernelAtLeast(6, 2) && !facts.hasCapability(CAP_SYS_ADMIN)) {
      return BackEndVerdict.no(scheme, "only root may send commands before Linux 6.2");
    }
    if (!namespace.hasGenericNode()) {
      return BackEndVerdict.no(scheme, "there is no /dev/" + namespace.genericName());
    }
    String format = badFormat(namespace);
    return format.isEmpty()
        ? new BackEndVerdict(
            scheme,
            When.NOW,
            scheme + ":/dev/" + namespace.genericName(),
            "commands go to the device past the block layer")
        : BackEndVerdict.no(scheme, format);
  }

  private static BackEndVerdict ofBlockDevice(
      HostFacts facts, NvmeDevice device, @Nullable NvmeNamespace namespace) {
    String lack = lackOfKernel(facts, device, namespace);
    if (!lack.isEmpty() || namespace == null) {
      return BackEndVerdict.no(IO_URING, lack);
    }
    if (namespace.format().isZoned()) {
      return BackEndVerdict.no(IO_URING, badFormat(namespace));
    }
    return new BackEndVerdict(
        IO_URING,
        When.NOW,
        IO_URING + ":/dev/" + namespace.name(),
        "direct I/O in batches through the kernel's driver");
  }

  /** Says what keeps from everything that goes through the kernel's driver. */
  private static String lackOfKernel(
      HostFacts facts, NvmeDevice device, @Nullable NvmeNamespace namespace) {
    if (device.controller() == null) {
      return "the kernel's driver does not have it: basalt device unbind " + device.address();
    }
    if (namespace == null) {
      return "it has no namespace";
    }
    if (facts.system().ioUringErrno() != 0) {
      return "io_uring is refused here";
    }
    List<BlockUse> uses = facts.uses().of(device);
    if (!uses.isEmpty()) {
      return uses.getFirst().text();
    }
    List<BindRefusal> memberships = facts.memberships(device);
    return memberships.isEmpty() ? "" : memberships.getFirst().reason();
  }

  private static String badFormat(@Nullable NvmeNamespace namespace) {
    if (namespace == null) {
      return "";
    }
    if (namespace.format().isZoned()) {
      return namespace.name() + " is zoned: its blocks can be written in order only";
    }
    int metadata = namespace.format().metadataBytes();
    return metadata > 0
        ? "blocks of " + namespace.name() + " carry " + metadata + " bytes of metadata"
        : "";
  }

  private static BackEndChoice ofDevice(HostFacts facts, NvmeDevice device) {
    List<BackEndVerdict> verdicts = verdicts(facts, device);
    String better = "";
    for (BackEndVerdict verdict : verdicts) {
      if (verdict.when() == When.NOW) {
        return new BackEndChoice(verdict.uri(), verdict.reason(), better);
      }
      if (verdict.when() == When.AFTER_BIND && better.isEmpty()) {
        better = verdict.uri() + ", " + verdict.reason();
      }
    }
    BackEndChoice file = ofFileOn(facts, facts.uses().of(device));
    return file == null ? new BackEndChoice("", verdicts.getLast().reason(), better) : file;
  }

  private static BackEndChoice ofDisk(HostFacts facts, Target.Disk disk) {
    if (disk.uses().isEmpty()) {
      return facts.system().ioUringErrno() == 0
          ? new BackEndChoice(IO_URING + ":" + disk.name(), "direct I/O in batches", "")
          : new BackEndChoice("", "io_uring is refused here, and file: takes no device", "");
    }
    BackEndChoice file = ofFileOn(facts, disk.uses());
    return file == null ? new BackEndChoice("", disk.uses().getFirst().text(), "") : file;
  }

  /** Chooses a file on what is mounted from a device; null where nothing is. */
  private static @Nullable BackEndChoice ofFileOn(HostFacts facts, List<BlockUse> uses) {
    boolean usesRing = facts.system().ioUringErrno() == 0;
    for (BlockUse use : uses) {
      if (use instanceof BlockUse.Mounted mount) {
        String directory = mount.where().equals("/") ? "/var/lib" : mount.where();
        return new BackEndChoice(
            (usesRing ? IO_URING : "file") + ":" + directory + "/store",
            mount.text() + ": a file there",
            "");
      }
    }
    return null;
  }

  private static BackEndChoice ofPlace(HostFacts facts, Target.Place place) {
    int errno = place.direct().errno();
    String file = place.name().endsWith("/") ? place.name() + "store" : place.name();
    return switch (errno) {
      case Errno.EACCES, Errno.EPERM, Errno.EROFS, Errno.ENOENT, Errno.ENOTDIR ->
          new BackEndChoice("", "nothing can be written there: " + Errno.name(errno), "");
      default -> {
        boolean isDirect = errno == 0;
        if (facts.system().ioUringErrno() == 0 && isDirect) {
          yield new BackEndChoice(IO_URING + ":" + file, "direct I/O in batches", "");
        }
        String reason =
            isDirect
                ? "io_uring is refused here"
                : place.direct().fileSystem() + " refuses direct I/O";
        yield new BackEndChoice("file:" + file, reason + "; this works anywhere", "");
      }
    };
  }
}
