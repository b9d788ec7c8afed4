// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

/** What a request asks a device to do. */
public enum IoCommand {
  /** Reads into one piece of memory. */
  READ("read"),
  /** Writes from one piece of memory. */
  WRITE("write"),
  /** Reads into several pieces of memory. */
  READ_VECTORED("vectored read"),
  /** Writes from several pieces of memory. */
  WRITE_VECTORED("vectored write"),
  /** Makes completed writes durable. */
  FLUSH("flush"),
  /** Gives blocks up. */
  DEALLOCATE("deallocate"),
  /** Writes zeroes. */
  WRITE_ZEROES("write zeroes");

  private final String text;

  IoCommand(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
