// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.StoreFullException;
import dev.basalt.engine.internal.wal.StoreLayout;
import dev.basalt.index.PageSpace;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Pages set aside before an operation is logged, so that what was logged never fails for want of
 * space; the device grows first when it can.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread. One thread grows the device at a
 * time: {@code growing} is taken by CAS, others wait and look again.
 */
final class StoreSpace {
  private static final VarHandle GROWING;

  static {
    try {
      GROWING = MethodHandles.lookup().findVarHandle(StoreSpace.class, "growing", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final PageSpace pages;
  private final StoreFailure failure;
  private final IoStack io;
  private final BlockDevice device;
  private final StoreLayout layout;
  private final long pageCountMax;
  private final long growthPages;
  private final ParkingLot lot;
  private final WaitCondition isGrowing = _ -> growing() != 0;

  @SuppressWarnings({"FieldMayBeFinal", "UnusedVariable"}) // accessed through GROWING
  private volatile int growing;

  StoreSpace(
      PageSpace pages,
      IoStack io,
      StoreLayout layout,
      long pageCountMax,
      long growthBytes,
      StoreFailure failure,
      Execution execution) {
    this.pages = pages;
    this.failure = failure;
    this.io = io;
    device = io.device();
    this.layout = layout;
    this.pageCountMax = pageCountMax;
    growthPages = Math.max(1, growthBytes / layout.pageBytes());
    lot = new ParkingLot(execution);
  }

  PageSpace pages() {
    return pages;
  }

  /** Sets pages aside; to be paired with {@link #release}. */
  void reserve(long count) throws IOException {
    while (!pages.tryReserve(count)) {
      grow(count);
    }
  }

  void release(long count) {
    pages.release(count);
  }

  /** Makes the device and the page space reach to a page count, as far as they do not yet. */
  void growTo(long pageCount) throws IOException {
    if (pageCount > pageCountMax) {
      throw new StoreFullException(
          "the store is full: it has %,d pages of %d bytes and may not have more than %,d"
              .formatted(pages.pageLimit(), layout.pageBytes(), pageCountMax));
    }
    long bytes = layout.withPageCount(pageCount).endBytes();
    int blockBytes = device.capabilities().blockBytes();
    try {
      device.grow((bytes + blockBytes - 1) / blockBytes);
    } catch (IOException e) {
      throw new StoreFullException("the store is full: " + e.getMessage(), e);
    }
    // The log may name the new pages from now on, so the size must outlive a power cut.
    failure.flush(io);
    pages.raiseLimit(pageCount);
  }

  private void grow(long count) throws IOException {
    long before = pages.pageLimit();
    while (!GROWING.compareAndSet(this, 0, 1)) {
      lot.awaitWhile(0, isGrowing, 0);
    }
    try {
      if (pages.pageLimit() == before && pages.availablePages() < count) {
        growByStep(before, count);
      }
    } finally {
      GROWING.setVolatile(this, 0);
      lot.wakeOne(0);
    }
  }

  private void growByStep(long before, long count) throws IOException {
    if (!device.capabilities().growable()) {
      throw new StoreFullException(
          "the store is full: all %,d pages of %d bytes are in use, and the device cannot grow"
              .formatted(before, layout.pageBytes()));
    }
    long needed = before + count;
    growTo(Math.max(needed, Math.min(pageCountMax, before + Math.max(growthPages, count))));
  }

  private int growing() {
    return (int) GROWING.getVolatile(this);
  }
}
