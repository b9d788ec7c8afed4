// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static dev.basalt.linux.NvmeCommandAbi.*;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.basalt.linux.host.BlockUse;
import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.HostFiles;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The generic character device of an NVMe namespace, {@code /dev/ng0n1}, through which the kernel's
 * driver takes NVMe commands.
 *
 * <p>Commands pass the block layer by, and so all that keeps a disk from being used twice. So the
 * namespace's disk is claimed for as long as the device is open: nobody can mount it meanwhile, and
 * one that is mounted is refused. The device itself is locked besides, as files are.
 *
 * <p><b>Ownership.</b> Owns the descriptors, and with them claim and lock; the lock has one of its
 * own for the reason of {@link DirectFile}.
 *
 * <p><b>Concurrency.</b> Any thread; {@link #close} once nobody uses the descriptor any more.
 */
public final class NvmeGenericFile implements AutoCloseable {
  private static final String CHARACTER_DEVICES = "/sys/dev/char/";
  private static final int AT_FDCWD = -100;
  private static final int O_RDONLY = 0;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 02000000;

  private final Path path;
  private final String diskName;
  private final int fd;
  private final int lockFd;
  private final BlockClaim claim;
  private final int namespaceId;
  private boolean closed;

  private NvmeGenericFile(Path path, int fd, int lockFd, BlockClaim claim) throws IOException {
    this.path = path;
    this.fd = fd;
    this.lockFd = lockFd;
    this.claim = claim;
    diskName = diskName(path, fd);
    FileLock.take(lockFd, path.toString());
    claim(diskName);
    long id = Syscall.shared(SyscallNumber.IOCTL, fd, IOCTL_ID);
    if (id < 0) {
      throw new ErrnoException("ioctl(" + path + ", NVME_IOCTL_ID)", (int) -id);
    }
    namespaceId = (int) id;
  }

  /**
   * Opens and locks a device, and claims its disk.
   *
   * @param path such as {@code /dev/ng0n1}
   * @return the device, to be closed by the caller
   * @throws FileLockedException when it is open elsewhere
   * @throws ErrnoException with EBUSY when its disk is in use: mounted, for one
   * @throws IOException when it cannot be opened; the message says why and what to do
   */
  public static NvmeGenericFile open(Path path) throws IOException {
    checkKind(path);
    int fd = openAt(path, O_RDWR | O_CLOEXEC);
    int lockFd = -1;
    BlockClaim claim = new BlockClaim();
    try {
      lockFd = openAt(path, O_RDONLY | O_CLOEXEC);
      return new NvmeGenericFile(path, fd, lockFd, claim);
    } catch (Throwable e) {
      closeAll(fd, lockFd, claim);
      throw e;
    }
  }

  /**
   * Returns the file descriptor, which this object owns.
   *
   * @return 0 or above
   */
  public int fd() {
    return fd;
  }

  /**
   * Returns which namespace of its controller this is.
   *
   * @return 1 or above
   */
  public int namespaceId() {
    return namespaceId;
  }

  /**
   * Returns the namespace's disk.
   *
   * @return such as {@code nvme0n1}, whether the kernel has one or not
   */
  public String diskName() {
    return diskName;
  }

  /**
   * Runs a command of the admin queue and waits for its end.
   *
   * @param opcode which
   * @param id of the namespace it is about, 0 of none
   * @param dwords dwords 10 and 11, the lower half first
   * @param data what the controller is to write; may be empty
   * @param timeoutMillis after how long the kernel aborts it
   * @return how it ended
   * @throws ErrnoException when the kernel refuses, with the advice
   */
  public NvmeAdminFile.Answer admin(
      int opcode, int id, long dwords, MemorySegment data, int timeoutMillis)
      throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment command = NvmeAdminFile.command(opcode, id, dwords, data, timeoutMillis, arena);
      long result = Syscall.shared(SyscallNumber.IOCTL, fd, IOCTL_ADMIN, command.address());
      if (result < 0) {
        int errno = (int) -result;
        boolean isForbidden = errno == Errno.EACCES || errno == Errno.EPERM;
        throw NvmeAdminFile.refused(path, opcode, errno, isForbidden ? commandAdvice(path) : "");
      }
      return new NvmeAdminFile.Answer((int) result, command.get(JAVA_INT, RESULT_OFFSET));
    }
  }

  /** Closes the device and gives lock and claim up. Idempotent. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      closeAll(fd, lockFd, claim);
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }

  private static void closeAll(int fd, int lockFd, BlockClaim claim) {
    claim.close();
    Syscall.shared(SyscallNumber.CLOSE, fd);
    if (lockFd >= 0) {
      Syscall.shared(SyscallNumber.CLOSE, lockFd); // gives the lock up, so it comes last
    }
  }

  /** Before it is opened: a tape or a terminal would do something when it is. */
  private static void checkKind(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw new IOException(
          "there is no " + path + "; 'basalt device list' shows the NVMe devices there are");
    }
    String target = path.toRealPath().toString();
    String name = target.substring(target.lastIndexOf('/') + 1);
    if (name.matches("nvme\\d+n\\d+")) {
      throw new IOException(
          path + " is the disk of a namespace: its commands go to nvme-uring:" + genericPath(name));
    }
    if (name.matches("nvme\\d+n\\d+p\\d+")) {
      throw new IOException(
          path + " is a partition, which takes no commands: open it with io_uring:" + path);
    }
    if (!name.matches("ng\\d+n\\d+")) {
      throw new IOException(
          path + " is not the generic device of an NVMe namespace, needed: such as /dev/ng0n1");
    }
  }

  private static String genericPath(String diskName) {
    return "/dev/ng" + diskName.substring("nvme".length());
  }

  /** By its number, whatever the node's name is. */
  private static String diskName(Path path, int fd) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StatxBuffer status = StatxBuffer.of(fd, arena);
      String name = HostFiles.ofThisHost().linkName(CHARACTER_DEVICES + status.deviceName());
      if (!status.isCharacterDevice() || name == null || !name.matches("ng\\d+n\\d+")) {
        throw new IOException(path + " is not the generic device of an NVMe namespace");
      }
      return "nvme" + name.substring("ng".length());
    }
  }

  private void claim(String name) throws IOException {
    Path disk = Path.of("/dev", name);
    boolean isClaimed;
    try {
      isClaimed = claim.tryAdd(disk);
    } catch (ErrnoException e) {
      throw new ErrnoException(
          e.call(), e.errno(), "whoever sends commands claims the disk: give the right to read it");
    }
    if (!isClaimed) {
      List<BlockUse> uses = new BlockUses(HostFiles.ofThisHost()).of(name);
      String use = uses.isEmpty() ? "" : uses.getFirst().text() + ": " + uses.getFirst().mend();
      throw new ErrnoException("open(" + disk + ", O_EXCL)", Errno.EBUSY, use);
    }
  }

  private static int openAt(Path path, int flags) throws ErrnoException {
    long result;
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom(path.toString()).address();
      result = Syscall.shared(SyscallNumber.OPENAT, AT_FDCWD, name, flags, 0);
    }
    if (result < 0) {
      int errno = (int) -result;
      String advice = errno == Errno.EACCES || errno == Errno.EPERM ? commandAdvice(path) : "";
      throw new ErrnoException("open(" + path + ")", errno, advice);
    }
    return (int) result;
  }

  /** What a process without the right to send commands may do. */
  private static String commandAdvice(Path path) {
    return "commands need root or CAP_SYS_ADMIN; from Linux 6.2 on (this is "
        + KernelInfo.release()
        + ") also the right to read and write "
        + path
        + " will do";
  }
}
