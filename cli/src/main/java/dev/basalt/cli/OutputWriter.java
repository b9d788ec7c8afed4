// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import java.io.Writer;

/** Lets picocli print its help texts to an {@link Output}. */
final class OutputWriter extends Writer {
  private final Output out;

  OutputWriter(Output out) {
    this.out = out;
  }

  @Override
  public void write(char[] characters, int offset, int length) {
    out.text(new String(characters, offset, length));
  }

  /** Leaves the flush to the end of the command, where an error is noticed. */
  @Override
  public void flush() {}

  @Override
  public void close() {}
}
