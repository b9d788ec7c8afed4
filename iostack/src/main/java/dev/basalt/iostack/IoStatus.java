// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

/**
 * How a command ended, as one int: NVMe status code type and status code (base specification 2.0,
 * section 4.6.1.2.1), and the errno it was mapped from, if any.
 *
 * <pre>
 *  31        16 15 14  11 10     8 7         0
 * +------------+--+------+--------+-----------+
 * |   errno    |R |  0   |  SCT   |    SC     |
 * +------------+--+------+--------+-----------+
 *  R: worth another try
 * </pre>
 */
public final class IoStatus {
  /** Successful completion. */
  public static final int SUCCESS = 0;

  private static final int RETRYABLE = 1 << 15;
  private static final int GENERIC = 0;
  private static final int MEDIA = 2;

  /** Internal error of the device (SCT 0, SC 06h); retryable. */
  public static final int INTERNAL_ERROR = RETRYABLE | 0x06;

  /** Command abort requested (SCT 0, SC 07h). */
  public static final int ABORTED = 0x07;

  /**
   * Ended because its queue was (SCT 0, SC 08h: command aborted due to SQ deletion); the device was
   * reset. Retryable.
   */
  public static final int ABORTED_BY_RESET = RETRYABLE | 0x08;

  /** LBA out of range (SCT 0, SC 80h). */
  public static final int LBA_OUT_OF_RANGE = 0x80;

  /** Capacity exceeded: the device or file system is full (SCT 0, SC 81h). */
  public static final int CAPACITY_EXCEEDED = 0x81;

  /** Write fault (SCT 2, SC 80h). */
  public static final int WRITE_FAULT = MEDIA << 8 | 0x80;

  /** Unrecovered read error (SCT 2, SC 81h). */
  public static final int UNRECOVERED_READ_ERROR = MEDIA << 8 | 0x81;

  /** Deallocated or unwritten block (SCT 2, SC 87h). */
  public static final int UNWRITTEN_BLOCK = MEDIA << 8 | 0x87;

  private IoStatus() {}

  /**
   * Builds a status that an errno was mapped to.
   *
   * @param status one of this class's constants
   * @param errno the errno, 0 to 4095
   * @return the status that carries both
   */
  public static int withErrno(int status, int errno) {
    return status & 0xffff | errno << 16;
  }

  /**
   * Builds a status from what a controller returned.
   *
   * @param codeType status code type, 0 to 7
   * @param code status code, 0 to 255
   * @param doNotRetry the controller's do-not-retry bit
   * @return the status
   */
  public static int of(int codeType, int code, boolean doNotRetry) {
    int status = (codeType & 7) << 8 | code & 0xff;
    return status == SUCCESS || doNotRetry ? status : status | RETRYABLE;
  }

  /**
   * Returns the status code type.
   *
   * @param status a status
   * @return SCT, 0 to 7
   */
  public static int codeType(int status) {
    return status >>> 8 & 7;
  }

  /**
   * Returns the status code.
   *
   * @param status a status
   * @return SC, 0 to 255
   */
  public static int code(int status) {
    return status & 0xff;
  }

  /**
   * Returns the errno the status was mapped from.
   *
   * @param status a status
   * @return the errno, or 0
   */
  public static int errno(int status) {
    return status >>> 16;
  }

  /**
   * Tells whether the same command may succeed when tried again.
   *
   * @param status a status
   * @return true when it may
   */
  public static boolean isRetryable(int status) {
    return (status & RETRYABLE) != 0;
  }

  /**
   * Describes a status for people.
   *
   * @param status a status
   * @return such as {@code "unrecovered read error (SCT 2h, SC 81h, errno 5)"}
   */
  public static String describe(int status) {
    String codes = String.format("SCT %xh, SC %02xh", codeType(status), code(status));
    String errno = errno(status) == 0 ? "" : ", errno " + errno(status);
    return name(status) + " (" + codes + errno + (isRetryable(status) ? ", retryable)" : ")");
  }

  private static String name(int status) {
    return switch (codeType(status) << 8 | code(status)) {
      case SUCCESS -> "success";
      case 0x06 -> "internal error";
      case ABORTED -> "command aborted";
      case 0x08 -> "command aborted by a reset";
      case MEDIA << 8 | 0x85 -> "compare failure";
      case 3 << 8 | 0x70 -> "the device is gone";
      case LBA_OUT_OF_RANGE -> "LBA out of range";
      case CAPACITY_EXCEEDED -> "capacity exceeded";
      case WRITE_FAULT -> "write fault";
      case UNRECOVERED_READ_ERROR -> "unrecovered read error";
      case UNWRITTEN_BLOCK -> "deallocated or unwritten block";
      default -> codeType(status) == GENERIC ? "command error" : "device error";
    };
  }
}
