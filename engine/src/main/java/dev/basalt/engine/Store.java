// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

/** Placeholder. */
public final class Store {
  private Store() {}
}
