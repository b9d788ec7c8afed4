// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bufferpool.LogGate;
import dev.basalt.index.StructureChange;
import dev.basalt.index.StructureLog;

/** A log that keeps nothing and is always ahead. */
public final class NoLog implements StructureLog, LogGate {
  @Override
  public long imageHorizon() {
    return Long.MIN_VALUE;
  }

  @Override
  public long enterChange() {
    return 0;
  }

  @Override
  public void exitChange(long token) {}

  @Override
  public long append(StructureChange change) {
    return 0;
  }

  @Override
  public int recordBytesMax() {
    return Integer.MAX_VALUE;
  }

  @Override
  public void changeLost() {
    throw new AssertionError("nothing is refused");
  }

  @Override
  public long durableLsn() {
    return Long.MAX_VALUE;
  }

  @Override
  public void requestDurable(long lsn) {}

  @Override
  public void awaitDurable(long lsn) {}
}
