// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.util.Map;

/** Error numbers of Linux (errno(3); asm-generic/errno-base.h and errno.h), those we meet. */
public final class Errno {
  /** Operation not permitted. */
  public static final int EPERM = 1;

  /** No such file or directory. */
  public static final int ENOENT = 2;

  /** No such process. */
  public static final int ESRCH = 3;

  /** Interrupted system call. */
  public static final int EINTR = 4;

  /** Input/output error. */
  public static final int EIO = 5;

  /** Bad file descriptor. */
  public static final int EBADF = 9;

  /** Resource temporarily unavailable. */
  public static final int EAGAIN = 11;

  /** Cannot allocate memory. */
  public static final int ENOMEM = 12;

  /** Permission denied. */
  public static final int EACCES = 13;

  /** Bad address. */
  public static final int EFAULT = 14;

  /** Device or resource busy. */
  public static final int EBUSY = 16;

  /** File exists. */
  public static final int EEXIST = 17;

  /** No such device. */
  public static final int ENODEV = 19;

  /** Not a directory. */
  public static final int ENOTDIR = 20;

  /** Is a directory. */
  public static final int EISDIR = 21;

  /** Invalid argument. */
  public static final int EINVAL = 22;

  /** Too many open files. */
  public static final int EMFILE = 24;

  /** Text file busy. */
  public static final int ETXTBSY = 26;

  /** Inappropriate ioctl for device. */
  public static final int ENOTTY = 25;

  /** File too large. */
  public static final int EFBIG = 27;

  /** No space left on device. */
  public static final int ENOSPC = 28;

  /** Read-only file system. */
  public static final int EROFS = 30;

  /** Numerical result out of range. */
  public static final int ERANGE = 34;

  /** Function not implemented. */
  public static final int ENOSYS = 38;

  /** No data available. */
  public static final int ENODATA = 61;

  /** Value too large for defined data type. */
  public static final int EOVERFLOW = 75;

  /** File descriptor in bad state. */
  public static final int EBADFD = 77;

  /** Timer expired. */
  public static final int ETIME = 62;

  /** Operation not supported. */
  public static final int EOPNOTSUPP = 95;

  /** Operation already in progress. */
  public static final int EALREADY = 114;

  /** Disk quota exceeded. */
  public static final int EDQUOT = 122;

  /** Operation canceled. */
  public static final int ECANCELED = 125;

  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(EPERM, "EPERM"),
          Map.entry(ENOENT, "ENOENT"),
          Map.entry(ESRCH, "ESRCH"),
          Map.entry(EINTR, "EINTR"),
          Map.entry(EIO, "EIO"),
          Map.entry(EBADF, "EBADF"),
          Map.entry(EAGAIN, "EAGAIN"),
          Map.entry(ENOMEM, "ENOMEM"),
          Map.entry(EACCES, "EACCES"),
          Map.entry(EFAULT, "EFAULT"),
          Map.entry(EBUSY, "EBUSY"),
          Map.entry(EEXIST, "EEXIST"),
          Map.entry(ENODEV, "ENODEV"),
          Map.entry(ENOTDIR, "ENOTDIR"),
          Map.entry(EISDIR, "EISDIR"),
          Map.entry(EINVAL, "EINVAL"),
          Map.entry(EMFILE, "EMFILE"),
          Map.entry(ETXTBSY, "ETXTBSY"),
          Map.entry(ENOTTY, "ENOTTY"),
          Map.entry(EFBIG, "EFBIG"),
          Map.entry(ENOSPC, "ENOSPC"),
          Map.entry(EROFS, "EROFS"),
          Map.entry(ERANGE, "ERANGE"),
          Map.entry(ENOSYS, "ENOSYS"),
          Map.entry(ENODATA, "ENODATA"),
          Map.entry(EOVERFLOW, "EOVERFLOW"),
          Map.entry(EBADFD, "EBADFD"),
          Map.entry(ETIME, "ETIME"),
          Map.entry(EOPNOTSUPP, "EOPNOTSUPP"),
          Map.entry(EALREADY, "EALREADY"),
          Map.entry(EDQUOT, "EDQUOT"),
          Map.entry(ECANCELED, "ECANCELED"));

  private Errno() {}

  /**
   * Returns the name of an errno.
   *
   * @param errno above 0
   * @return such as {@code ENOMEM}, or {@code errno} where it has none here
   */
  public static String name(int errno) {
    return NAMES.getOrDefault(errno, "errno");
  }

  static String describe(int errno) {
    return name(errno) + " (" + errno + ")";
  }
}
