// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class FlushLedgerTest {
  private final FlushLedger ledger = new FlushLedger(Execution.threads());

  @Test
  void shouldSettleWhenAllThatBeganBeforeHaveEnded() {
    AtomicInteger told = new AtomicInteger();
    ledger.whenEnded(told::incrementAndGet);
    assertTrue(ledger.isSettled(ledger.mark()));
    long[] tickets = new long[20];
    for (int i = 0; i < tickets.length; i++) {
      tickets[i] = ledger.begin();
    }
    long mark = ledger.mark();
    long later = ledger.begin();
    for (int i = tickets.length - 1; i >= 0; i--) {
      assertFalse(ledger.isSettled(mark));
      ledger.end(tickets[i], IoStatus.SUCCESS);
    }
    assertTrue(ledger.isSettled(mark));
    assertFalse(ledger.isSettled(ledger.mark()));
    ledger.end(later, IoStatus.SUCCESS);
    assertTrue(ledger.isSettled(ledger.mark()));
    assertFalse(ledger.hasFailed());
    assertEquals(21, told.get());
  }

  @Test
  void shouldTellWhoWaitsOfAFailureBefore() throws InterruptedException {
    long other = ledger.begin();
    boolean[] hasFailed = new boolean[1];
    Thread waiter =
        Thread.ofPlatform()
            .start(
                () -> {
                  ledger.awaitSettled(ledger.mark());
                  hasFailed[0] = ledger.hasFailed();
                });
    while (waiter.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    ledger.end(other, IoStatus.WRITE_FAULT);
    waiter.join();
    assertTrue(hasFailed[0]);
    assertEquals(IoStatus.WRITE_FAULT, ledger.failedStatus());
  }

  @Test
  void shouldCountNoFlushOfAStackAfterAFailedOne() throws IOException {
    SimulationPlan plan = SimulationPlan.of(1).withErrorAt(2);
    try (SimulatedDevice device =
            new SimulatedDevice(SimulatedGeometry.of(1 << 20), plan, Execution.threads());
        IoStack stack = IoStack.start(device, IoStackConfig.defaults(), Execution.threads())) {
      stack.flush();
      assertThrows(IoException.class, stack::flush);
      IoException e = assertThrows(IoException.class, stack::flush);
      assertTrue(String.valueOf(e.getMessage()).contains("another one of the device has failed"));
    }
  }
}
