// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

/** What to tell a user whose kernel refuses io_uring, by errno and by what the machine says. */
public final class IoUringRefusal {
  private static final String OTHERWISE = ", or use file: instead of io_uring:";
  private static final String SECCOMP =
      "allow io_uring_setup, io_uring_enter and io_uring_register in the container's seccomp"
          + " profile ('--security-opt seccomp=PROFILE' of docker and podman)";

  private IoUringRefusal() {}

  /**
   * Explains a refused set-up.
   *
   * @param errno what io_uring_setup(2) returned
   * @param disabledSysctl kernel.io_uring_disabled, or -1 where there is none
   * @param memlockBytes of {@link Memlock#limitBytes}
   * @return what to tell, or nothing where the errno says it all
   */
  public static String ofSetup(int errno, int disabledSysctl, long memlockBytes) {
    return switch (errno) {
      case Errno.EPERM, Errno.EACCES -> ofPermission(disabledSysctl) + OTHERWISE;
      case Errno.ENOSYS ->
          "this kernel has no io_uring (Linux 5.11 or newer is needed) or a seccomp filter hides"
              + " it: "
              + SECCOMP
              + OTHERWISE;
      case Errno.ENOMEM -> ofMemory("unlimited", memlockBytes) + OTHERWISE;
      case Errno.EMFILE -> "too many open files: raise the limit (ulimit -n)";
      default -> "";
    };
  }

  /**
   * Explains refused registered buffers.
   *
   * @param errno what io_uring_register(2) returned
   * @param sizeBytes how much was to be locked
   * @param otherwise what to do where the limit cannot be raised
   */
  static String ofBuffers(int errno, long sizeBytes, String otherwise) {
    return errno == Errno.ENOMEM
        ? ofMemory(Long.toString(Math.ceilDiv(sizeBytes, 1024)), Memlock.limitBytes())
            + ", or "
            + otherwise
        : "";
  }

  /** Explains that there are no rings for commands. */
  static String ofCommands() {
    return "Linux "
        + KernelInfo.release()
        + " hands no commands to devices, 5.19 is needed; use io_uring: instead of nvme-uring:";
  }

  private static String ofPermission(int disabledSysctl) {
    return switch (disabledSysctl) {
      case 2 ->
          "the sysctl kernel.io_uring_disabled is 2: as root run"
              + " 'sysctl -w kernel.io_uring_disabled=0'";
      case 1 ->
          "the sysctl kernel.io_uring_disabled is 1: as root run"
              + " 'sysctl -w kernel.io_uring_disabled=0', or join the group of the sysctl"
              + " kernel.io_uring_group";
      default -> "a seccomp filter or security module forbids io_uring: " + SECCOMP;
    };
  }

  /** Takes the limit needed, in KiB as {@code ulimit -l} does. */
  private static String ofMemory(String kibibytes, long memlockBytes) {
    return "locked memory is limited to "
        + Memlock.describe(memlockBytes)
        + ": raise memlock ('ulimit -l "
        + kibibytes
        + "', LimitMEMLOCK= in a systemd unit) or take a smaller depth";
  }
}
