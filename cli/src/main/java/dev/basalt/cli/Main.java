// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

/** Placeholder. */
public final class Main {
  private Main() {}
}
