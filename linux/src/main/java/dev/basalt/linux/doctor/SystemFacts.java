// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.IoUring;
import dev.basalt.linux.KernelInfo;
import dev.basalt.linux.Memlock;
import java.util.Set;

/**
 * What no file tells: what the kernel and the JVM answer.
 *
 * @param kernelRelease such as {@code 6.18.1}
 * @param ioUringErrno what io_uring_setup(2) gave, 0 when it worked
 * @param ioUringMode how a ring is set up, empty when it is refused
 * @param memlockBytes the limit of locked memory, or {@link Memlock#UNLIMITED}
 * @param java the JVM
 * @param schemes of the back ends this build has
 */
public record SystemFacts(
    String kernelRelease,
    int ioUringErrno,
    String ioUringMode,
    long memlockBytes,
    JavaFacts java,
    Set<String> schemes) {
  /** Copies the schemes. */
  public SystemFacts {
    schemes = Set.copyOf(schemes);
  }

  /**
   * The JVM.
   *
   * @param version such as {@code 25.0.3}
   * @param isNativeAccessEnabled whether this module was given native access on the command line
   * @param heapBytesMax the most its heap may take
   */
  public record JavaFacts(String version, boolean isNativeAccessEnabled, long heapBytesMax) {}

  /**
   * Asks the kernel and the JVM of this process.
   *
   * @param schemes of the back ends this build has
   * @return the answers
   */
  public static SystemFacts ofThisProcess(Set<String> schemes) {
    int errno = 0;
    String mode = "";
    try (IoUring ring = new IoUring(1)) {
      mode = ring.mode();
    } catch (ErrnoException e) {
      errno = e.errno();
    }
    JavaFacts java =
        new JavaFacts(
            Runtime.version().toString(),
            SystemFacts.class.getModule().isNativeAccessEnabled(),
            Runtime.getRuntime().maxMemory());
    return new SystemFacts(KernelInfo.release(), errno, mode, Memlock.limitBytes(), java, schemes);
  }

  /** Tells whether the kernel is at least so new. */
  boolean isKernelAtLeast(int major, int minor) {
    return KernelInfo.isAtLeast(kernelRelease, major, minor);
  }
}
