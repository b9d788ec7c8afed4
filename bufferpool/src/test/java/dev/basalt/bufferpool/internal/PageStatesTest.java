// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PageStatesTest {
  private static final long PAGE = 3;

  private final Arena arena = Arena.ofConfined();
  private final PageStates states = new PageStates(arena.allocate(64, 8).address());

  @AfterEach
  void free() {
    arena.close();
  }

  private long word() {
    return states.word(PAGE);
  }

  private int state() {
    return PageStates.state(word());
  }

  private void faultIn() {
    assertTrue(states.tryFaultIn(PAGE, word()));
    states.unlatchExclusive(PAGE, false);
  }

  private void makeDirty() {
    assertTrue(states.tryExclusive(PAGE, word()));
    states.unlatchExclusive(PAGE, true);
  }

  private void beginWrite() {
    assertTrue(states.tryShared(PAGE, word()));
    assertTrue(states.tryBeginWrite(PAGE));
    states.unlatchShared(PAGE);
  }

  @Test
  void shouldBeginEvictedAndClean() {
    assertEquals(PageStates.EVICTED, state());
    assertEquals(0, word());
  }

  @Test
  void shouldFaultInOnceOnly() {
    long seen = word();
    assertTrue(states.tryFaultIn(PAGE, seen));
    assertFalse(states.tryFaultIn(PAGE, seen));
    assertEquals(PageStates.EXCLUSIVE, state());
    states.unlatchExclusive(PAGE, false);
    assertEquals(PageStates.UNLOCKED, state());
    assertFalse(PageStates.isDirty(word()));
    assertEquals(0, states.word(PAGE - 1));
    assertEquals(0, states.word(PAGE + 1));
  }

  @Test
  void shouldKeepVersionGrowingAcrossEviction() {
    faultIn();
    long version = PageStates.version(word());
    assertTrue(states.tryMark(PAGE, word()));
    assertTrue(states.tryEvict(PAGE, word()));
    states.evicted(PAGE);
    assertTrue(PageStates.version(word()) > version);
    version = PageStates.version(word());
    faultIn();
    assertTrue(PageStates.version(word()) > version);
  }

  @Test
  void shouldCountSharersUpToLimit() {
    faultIn();
    for (int i = 1; i <= 252; i++) {
      assertTrue(states.tryShared(PAGE, word()));
      assertEquals(PageStates.UNLOCKED + i, state());
    }
    assertEquals(PageStates.SHARED_MAX, state());
    assertTrue(states.unlatchShared(PAGE), "one more sharer is possible now");
    for (int i = 251; i > 1; i--) {
      assertFalse(states.unlatchShared(PAGE));
    }
    assertTrue(states.unlatchShared(PAGE), "an exclusive latch is possible now");
    assertEquals(PageStates.UNLOCKED, state());
  }

  @Test
  void shouldUnmarkWhenShared() {
    faultIn();
    assertTrue(states.tryMark(PAGE, word()));
    assertTrue(states.tryShared(PAGE, word()));
    assertEquals(PageStates.UNLOCKED + 1, state());
    assertTrue(states.unlatchSharedMarking(PAGE));
    assertEquals(PageStates.MARKED, state());
    assertTrue(states.tryUnmark(PAGE, word()));
    assertEquals(PageStates.UNLOCKED, state());
  }

  @Test
  void shouldNotMarkWhileOthersShare() {
    faultIn();
    states.tryShared(PAGE, word());
    states.tryShared(PAGE, word());
    assertFalse(states.unlatchSharedMarking(PAGE));
    assertEquals(PageStates.UNLOCKED + 1, state());
  }

  @Test
  void shouldEvictOnlyMarkedCleanPagesNotBeingWritten() {
    faultIn();
    assertFalse(states.tryEvict(PAGE, word()));
    makeDirty();
    states.tryMark(PAGE, word());
    assertFalse(states.tryEvict(PAGE, word()));
    beginWrite();
    states.tryMark(PAGE, word());
    assertFalse(states.tryEvict(PAGE, word()));
    states.endWrite(PAGE, true);
    assertTrue(states.tryEvict(PAGE, word()));
  }

  @Test
  void shouldNotEvictPageThatChangedSinceItWasSeen() {
    faultIn();
    states.tryMark(PAGE, word());
    long seen = word();
    assertTrue(states.tryExclusive(PAGE, seen));
    states.unlatchExclusive(PAGE, true);
    states.tryMark(PAGE, word());
    assertFalse(states.tryEvict(PAGE, seen), "marked again, but not the same page content");
  }

  @Test
  void shouldBeDirtyAgainAfterChangeDuringWrite() {
    faultIn();
    makeDirty();
    beginWrite();
    assertFalse(PageStates.isDirty(word()));
    makeDirty();
    states.tryShared(PAGE, word());
    assertFalse(states.tryBeginWrite(PAGE), "one write at a time");
    states.unlatchShared(PAGE);
    states.endWrite(PAGE, true);
    assertTrue(PageStates.isDirty(word()));
    assertFalse(PageStates.isWriting(word()));
  }

  @Test
  void shouldBeDirtyAgainAfterFailedWrite() {
    faultIn();
    makeDirty();
    beginWrite();
    states.endWrite(PAGE, false);
    assertTrue(PageStates.isDirty(word()));
  }

  @Test
  void shouldEndWriteUnderAnyState() {
    faultIn();
    makeDirty();
    beginWrite();
    states.tryExclusive(PAGE, word());
    states.endWrite(PAGE, false);
    assertEquals(PageStates.EXCLUSIVE, state());
    states.unlatchExclusive(PAGE, true);
    assertTrue(PageStates.isDirty(word()));
    assertEquals(PageStates.UNLOCKED, state());
  }

  @Test
  void shouldKeepWritingAcrossDiscard() {
    faultIn();
    makeDirty();
    beginWrite();
    states.tryExclusive(PAGE, word());
    states.evicted(PAGE);
    assertTrue(PageStates.isWriting(word()));
    assertFalse(PageStates.isDirty(word()));
    states.endWrite(PAGE, false);
    assertEquals(PageStates.EVICTED, state());
    assertFalse(PageStates.isDirty(word()), "nobody wants the content of a discarded page");
  }

  @Test
  void shouldValidateUntilContentMayHaveChanged() {
    faultIn();
    long seen = word();
    assertTrue(states.validate(PAGE, seen));
    states.tryMark(PAGE, word());
    assertTrue(states.validate(PAGE, seen));
    states.tryShared(PAGE, word());
    assertTrue(states.validate(PAGE, seen));
    states.unlatchShared(PAGE);
    states.tryExclusive(PAGE, word());
    assertFalse(states.validate(PAGE, seen));
    states.unlatchExclusive(PAGE, false);
    assertFalse(states.validate(PAGE, seen));
  }

  @Test
  void shouldDowngradeToOneSharer() {
    states.tryFaultIn(PAGE, word());
    states.downgrade(PAGE);
    assertEquals(PageStates.UNLOCKED + 1, state());
  }

  @Test
  void shouldMarkPageThatNobodyHasUsedYet() {
    states.tryFaultIn(PAGE, word());
    long version = PageStates.version(word());
    states.unlatchMarking(PAGE);
    assertEquals(PageStates.MARKED, state());
    assertEquals(version + 1, PageStates.version(word()));
    assertTrue(states.tryEvict(PAGE, word()));
  }
}
