// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.lang.foreign.ValueLayout;

/** One command at a time on devices of the guest machine, with memory of its own. */
final class GuestCommands implements AutoCloseable {
  private static final long WAIT_NANOS = 30_000_000_000L;

  private final int sizeBytes;
  private final MappedRegion memory;

  GuestCommands(int sizeBytes) throws IOException {
    this.sizeBytes = sizeBytes;
    memory = VirtualMemory.reserve(sizeBytes);
  }

  /** Queues one command. */
  interface Command {
    boolean queue(QueuePair pair, long address);
  }

  /** Returns where the memory is. */
  long address() {
    return memory.address();
  }

  void fill(int seed) {
    for (int i = 0; i < sizeBytes; i += Long.BYTES) {
      NativeMemory.ALL.set(ValueLayout.JAVA_LONG, address() + i, (long) seed << 32 | i);
    }
  }

  void verify(int seed) {
    for (int i = 0; i < sizeBytes; i += Long.BYTES) {
      assertEquals(
          (long) seed << 32 | i, NativeMemory.ALL.get(ValueLayout.JAVA_LONG, address() + i));
    }
  }

  /** Opens a device for one command, which is to succeed. */
  void run(String uri, Command command) throws IOException {
    try (BlockDevice device = Devices.open(uri, Execution.threads());
        QueuePair pair = device.openQueuePair(1)) {
      assertEquals(IoStatus.SUCCESS, status(pair, command));
    }
  }

  /** Runs one command; returns how it ended. */
  int status(QueuePair pair, Command command) {
    assertTrue(command.queue(pair, address()));
    int[] found = new int[1];
    pair.submit();
    while (pair.poll((_, status) -> found[0] = status, 1) == 0) {
      pair.sleep(WAIT_NANOS);
    }
    return found[0];
  }

  @Override
  public void close() {
    memory.close();
  }
}
