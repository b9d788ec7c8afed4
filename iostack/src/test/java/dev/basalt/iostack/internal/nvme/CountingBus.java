// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A bus that counts how often memory was mapped for the controller and taken from it again.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
final class CountingBus implements NvmeBus {
  private final NvmeBus bus;
  private final AtomicInteger mapped = new AtomicInteger();
  private final AtomicInteger unmapped = new AtomicInteger();

  /** Takes a bus over. */
  CountingBus(NvmeBus bus) {
    this.bus = bus;
  }

  /** Returns how often memory was mapped. */
  int mappedCount() {
    return mapped.get();
  }

  /** Returns how often memory was unmapped. */
  int unmappedCount() {
    return unmapped.get();
  }

  @Override
  public long registers() {
    return bus.registers();
  }

  @Override
  public long registersBytes() {
    return bus.registersBytes();
  }

  @Override
  public DmaMemory allocate(long sizeBytes) throws IOException {
    DmaMemory memory = bus.allocate(sizeBytes);
    mapped.incrementAndGet();
    return new DmaMemory(
        memory.address(),
        memory.iova(memory.address()),
        memory.sizeBytes(),
        () -> {
          memory.close();
          unmapped.incrementAndGet();
        });
  }

  @Override
  public void isolate() throws IOException {
    bus.isolate();
  }

  @Override
  public void close() {
    bus.close();
  }

  @Override
  public String toString() {
    return bus.toString();
  }
}
