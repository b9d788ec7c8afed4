// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A regular file or block device opened for reading and writing, past the page cache where asked,
 * and locked by this process for as long as it is open.
 *
 * <p>The lock has a descriptor of its own: an io_uring keeps the files registered with it open for
 * a while after its process has died, and would keep the lock with them.
 *
 * <p><b>Concurrency.</b> Any thread; {@link #close} once nobody uses the descriptor any more.
 */
public final class DirectFile implements AutoCloseable {
  /** fallocate(2) mode: takes the space away, the range reads as zeroes, the size stays. */
  public static final int PUNCH_HOLE = 2 | 1;

  /** fallocate(2) mode: keeps the space, the range reads as zeroes. */
  public static final int ZERO_RANGE = 0x10;

  /** Alignment assumed where the kernel does not tell: no device asks for more. */
  public static final int ALIGNMENT_BYTES_MAX = 4096;

  private static final int AT_FDCWD = -100;
  private static final int O_RDONLY = 0;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0100;
  private static final int O_EXCL = 0200;
  private static final int O_CLOEXEC = 02000000;
  // The one flag whose value differs (arch/arm64/include/uapi/asm/fcntl.h).
  private static final int O_DIRECT =
      "amd64".equals(System.getProperty("os.arch")) ? 040000 : 0200000;
  private static final int RIGHTS = 0644;
  private static final long BLKGETSIZE64 = 0x80081272L;
  private static final long BLKSSZGET = 0x1268;

  private final Path path;
  private final int fd;
  private final int lockFd;
  private final boolean isBlockDevice;
  private final int memoryAlignmentBytes;
  private final int offsetAlignmentBytes;
  private final boolean hasVolatileWriteCache;
  private boolean closed;

  private DirectFile(Path path, int fd, int lockFd) throws IOException {
    this.path = path;
    this.fd = fd;
    this.lockFd = lockFd;
    try (Arena arena = Arena.ofConfined()) {
      StatxBuffer status = StatxBuffer.of(fd, arena);
      isBlockDevice = status.isBlockDevice();
      if (!isBlockDevice && !status.isRegularFile()) {
        throw new IOException(path + " is neither a regular file nor a block device");
      }
      FileLock.take(lockFd, path.toString());
      int memory = status.memoryAlignmentBytes();
      int offset =
          isBlockDevice ? (int) ioctl("BLKSSZGET", BLKSSZGET) : status.offsetAlignmentBytes();
      memoryAlignmentBytes = memory > 0 ? memory : offset > 0 ? offset : ALIGNMENT_BYTES_MAX;
      offsetAlignmentBytes = offset > 0 ? offset : ALIGNMENT_BYTES_MAX;
      String device = isBlockDevice ? status.deviceName() : "";
      if (queueAttribute(device, "zoned").equals("host-managed")) {
        throw new IOException(
            path
                + " has zones that are written in order only (host-managed):"
                + " use a disk or namespace without zones");
      }
      hasVolatileWriteCache = !queueAttribute(device, "write_cache").equals("write through");
    }
  }

  /** How a file is opened. */
  public enum Mode {
    /** Through the page cache. */
    CACHED,
    /** Past the page cache (O_DIRECT). */
    DIRECT
  }

  /**
   * Opens and locks a file.
   *
   * @param path a regular file or a block device
   * @param create whether to create an empty regular file where there is nothing
   * @param mode through the page cache or past it
   * @return the file, to be closed by the caller
   * @throws FileLockedException when it is open elsewhere
   * @throws IOException when it cannot be opened; the message says why and what to do
   */
  public static DirectFile open(Path path, boolean create, Mode mode) throws IOException {
    boolean creates = create && !Files.exists(path);
    int flags = O_RDWR | O_CLOEXEC;
    flags |= creates ? O_CREAT : 0;
    flags |= mode == Mode.DIRECT ? O_DIRECT : 0;
    // Without O_CREAT, O_EXCL refuses block devices that are mounted or otherwise claimed
    // (open(2)).
    flags |= isBlock(path) ? O_EXCL : 0;
    int fd = openAt(path, flags);
    int lockFd = -1;
    try {
      lockFd = openAt(path, O_RDONLY | O_CLOEXEC);
      DirectFile file = new DirectFile(path, fd, lockFd);
      if (creates) {
        syncDirectory(path);
      }
      return file;
    } catch (Throwable e) {
      closeAll(fd, lockFd);
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
   * Tells what was opened.
   *
   * @return true for a block device, false for a regular file
   */
  public boolean isBlockDevice() {
    return isBlockDevice;
  }

  /**
   * Tells whether the file is on a memory file system, which has no transfers that end later.
   *
   * @return true on tmpfs
   */
  public boolean isInMemory() {
    return !isBlockDevice && fileSystem(path).equals("tmpfs");
  }

  /**
   * Returns the present size.
   *
   * @return bytes
   * @throws ErrnoException when the kernel does not tell
   */
  public long sizeBytes() throws ErrnoException {
    if (isBlockDevice) {
      return ioctl("BLKGETSIZE64", BLKGETSIZE64);
    }
    try (Arena arena = Arena.ofConfined()) {
      return StatxBuffer.of(fd, arena).sizeBytes();
    }
  }

  /**
   * Returns how memory has to be aligned for direct transfers.
   *
   * @return bytes, a power of two
   */
  public int memoryAlignmentBytes() {
    return memoryAlignmentBytes;
  }

  /**
   * Returns how offsets and lengths have to be aligned for direct transfers: the logical block.
   *
   * @return bytes, a power of two
   */
  public int offsetAlignmentBytes() {
    return offsetAlignmentBytes;
  }

  /**
   * Tells whether completed writes need a flush; always so for a regular file, whose file system
   * may hold back its own changes.
   *
   * @return false for a block device without a cache or with a protected one
   */
  public boolean hasVolatileWriteCache() {
    return hasVolatileWriteCache;
  }

  /**
   * Makes a regular file at least so large, its space allocated. The new size is durable after the
   * next flush: fsync(2) here would take the report of lost writes from whoever flushes the file.
   *
   * @param sizeBytes the size
   * @throws ErrnoException when there is no space, with the file as it was, or the file system
   *     cannot allocate
   */
  public void allocate(long sizeBytes) throws ErrnoException {
    long before = sizeBytes();
    if (sizeBytes <= before) {
      return;
    }
    long result = allocateRange(0, before, sizeBytes - before);
    if (result < 0) {
      // What a failed call has allocated beyond the old end is given back.
      Syscall.shared(SyscallNumber.FTRUNCATE, fd, before);
      String advice =
          result == -Errno.EOPNOTSUPP ? "this file system cannot reserve space: use file:" : "";
      throw new ErrnoException("fallocate(" + path + ", " + sizeBytes + ")", (int) -result, advice);
    }
  }

  /**
   * Changes a range without writing it.
   *
   * @param mode {@link #PUNCH_HOLE} or {@link #ZERO_RANGE}
   * @param offset where, in bytes
   * @param sizeBytes how much
   * @return 0, or the negated errno
   */
  public int allocateRange(int mode, long offset, long sizeBytes) {
    long result;
    do {
      result = Syscall.shared(SyscallNumber.FALLOCATE, fd, mode, offset, sizeBytes);
    } while (result == -Errno.EINTR); // ends: a signal cannot interrupt each attempt for ever
    return (int) result;
  }

  /**
   * Reads, waiting for the data.
   *
   * @param caller the system call of the calling thread
   * @param offset where in the file, in bytes
   * @param address where the data goes
   * @param sizeBytes how much
   * @return bytes read, 0 at the end of the file, or the negated errno
   */
  public long read(Syscall caller, long offset, long address, long sizeBytes) {
    return caller.call(SyscallNumber.PREAD64, fd, address, sizeBytes, offset, 0, 0);
  }

  /**
   * Writes, waiting until the kernel has the data.
   *
   * @param caller the system call of the calling thread
   * @param offset where in the file, in bytes
   * @param address where the data is
   * @param sizeBytes how much
   * @return bytes written, or the negated errno
   */
  public long write(Syscall caller, long offset, long address, long sizeBytes) {
    return caller.call(SyscallNumber.PWRITE64, fd, address, sizeBytes, offset, 0, 0);
  }

  /** Closes the file and gives its lock up. Idempotent. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      closeAll(fd, lockFd);
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }

  private static void closeAll(int fd, int lockFd) {
    Syscall.shared(SyscallNumber.CLOSE, fd);
    if (lockFd >= 0) {
      Syscall.shared(SyscallNumber.CLOSE, lockFd); // gives the lock up, so it comes last
    }
  }

  private static boolean isBlock(Path path) {
    return Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path);
  }

  private static int openAt(Path path, int flags) throws IOException {
    long result;
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom(path.toString()).address();
      result = Syscall.shared(SyscallNumber.OPENAT, AT_FDCWD, name, flags, RIGHTS);
    }
    if (result < 0) {
      int errno = (int) -result;
      boolean direct = (flags & O_DIRECT) != 0;
      String mode = (flags & O_RDWR) != 0 ? ", O_RDWR" : ", O_RDONLY";
      String call = "open(" + path + mode + (direct ? " | O_DIRECT)" : ")");
      throw new ErrnoException(call, errno, advice(path, errno, direct));
    }
    return (int) result;
  }

  private static String advice(Path path, int errno, boolean direct) {
    return switch (errno) {
      case Errno.EINVAL ->
          direct ? "file system " + fileSystem(path) + " refuses O_DIRECT: use file:" : "";
      case Errno.ENOENT ->
          "there is no such file: check the path, or ask to create it (create=true)";
      case Errno.EISDIR -> "it is a directory: name a file in it";
      case Errno.EBUSY -> "the block device is mounted or in use: unmount it first";
      case Errno.EACCES, Errno.EPERM -> "check the owner and the rights of the file";
      case Errno.EROFS -> "its file system is mounted read-only";
      default -> "";
    };
  }

  private static String fileSystem(Path path) {
    try {
      return Files.getFileStore(path).type();
    } catch (IOException e) {
      return "(unknown)";
    }
  }

  private static void syncDirectory(Path path) throws IOException {
    Path parent = path.toAbsolutePath().getParent();
    if (parent == null) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom(parent.toString()).address();
      int directory =
          (int) Syscall.shared(SyscallNumber.OPENAT, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
      if (directory < 0) {
        throw new ErrnoException("open(" + parent + ")", -directory);
      }
      try {
        sync(directory, parent);
      } finally {
        Syscall.shared(SyscallNumber.CLOSE, directory);
      }
    }
  }

  private static void sync(int fd, Path path) throws ErrnoException {
    long result = Syscall.shared(SyscallNumber.FSYNC, fd);
    if (result < 0) {
      throw new ErrnoException("fsync(" + path + ")", (int) -result);
    }
  }

  private long ioctl(String name, long request) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment answer = arena.allocate(JAVA_LONG);
      long result = Syscall.shared(SyscallNumber.IOCTL, fd, request, answer.address());
      if (result < 0) {
        throw new ErrnoException("ioctl(" + path + ", " + name + ")", (int) -result);
      }
      return request == BLKGETSIZE64 ? answer.get(JAVA_LONG, 0) : answer.get(JAVA_INT, 0);
    }
  }

  /** Returns what the kernel says about a block device or the disk of a partition, or "". */
  private static String queueAttribute(String device, String name) throws IOException {
    for (String queue : List.of("queue", "../queue")) {
      Path file = Path.of("/sys/dev/block", device, queue, name);
      if (!device.isEmpty() && Files.exists(file)) {
        return Files.readString(file).strip();
      }
    }
    return "";
  }
}
