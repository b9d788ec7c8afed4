// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.stress;

import dev.basalt.bufferpool.internal.PageLatches;
import dev.basalt.bufferpool.internal.PageMemory;
import dev.basalt.bufferpool.internal.PageStates;
import dev.basalt.bufferpool.internal.PoolCounters;
import dev.basalt.iostack.agent.ParkingLot;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A page of two numbers with its state word, each in a cache line of its own; page id 0.
 *
 * <p>jcstress makes millions of states, so the memory is taken in turns from one allocation that is
 * never freed; a turn is much longer than the states that live at once.
 */
final class StressedPage {
  private static final int LINE_BYTES = 64;
  private static final int PAGE_BYTES = 2 * LINE_BYTES;
  private static final long PAGES = 1 << 18;
  private static final long MEMORY =
      Arena.global().allocate(PAGES * PAGE_BYTES, LINE_BYTES).address();
  private static final AtomicLong NEXT = new AtomicLong();

  private static final UnspunExecution EXECUTION = new UnspunExecution();
  private static final PoolCounters COUNTERS = new PoolCounters();

  final PageStates states;
  final PageLatches latches;
  private final long data;

  private StressedPage() {
    long address = MEMORY + NEXT.getAndIncrement() % PAGES * PAGE_BYTES;
    PageMemory.zero(address, PAGE_BYTES);
    states = new PageStates(address);
    latches = new PageLatches(states, new ParkingLot(EXECUTION), COUNTERS, EXECUTION);
    data = address + LINE_BYTES;
  }

  /** Makes a page that is in memory and clean, with both numbers 0. */
  static StressedPage unlocked() {
    StressedPage page = new StressedPage();
    page.states.tryFaultIn(0, page.states.word(0));
    page.states.unlatchExclusive(0, false);
    return page;
  }

  void makeDirty() {
    latches.latchExclusive(0);
    latches.unlatchExclusive(0, true);
  }

  void mark() {
    states.tryMark(0, states.word(0));
  }

  int left() {
    return PageMemory.getInt(data);
  }

  int right() {
    return PageMemory.getInt(data + Integer.BYTES);
  }

  void setLeft(int value) {
    PageMemory.putInt(data, value);
  }

  void setRight(int value) {
    PageMemory.putInt(data + Integer.BYTES, value);
  }
}
