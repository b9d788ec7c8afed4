// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

/** What a request asks a device to do. */
public enum IoCommand {
  /** Reads into one piece of memory. */
  READ(0, "read"),
  /** Writes from one piece of memory. */
  WRITE(1, "write"),
  /** Reads into several pieces of memory. */
  READ_VECTORED(2, "vectored read"),
  /** Writes from several pieces of memory. */
  WRITE_VECTORED(3, "vectored write"),
  /** Makes completed writes durable. */
  FLUSH(4, "flush"),
  /** Gives blocks up. */
  DEALLOCATE(5, "deallocate"),
  /** Writes zeroes. */
  WRITE_ZEROES(6, "write zeroes");

  private final int code;
  private final String text;

  IoCommand(int code, String text) {
    this.code = code;
    this.text = text;
  }

  /**
   * Returns a number for traces, which never changes.
   *
   * @return 0 to 7
   */
  public int code() {
    return code;
  }

  @Override
  public String toString() {
    return text;
  }
}
