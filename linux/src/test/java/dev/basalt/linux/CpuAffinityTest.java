// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class CpuAffinityTest {
  @Test
  void shouldBindCallingThread() throws Exception {
    AtomicReference<Object> found = new AtomicReference<>();
    BitSet one = new BitSet();
    one.set(CpuAffinity.get().nextSetBit(0));
    Thread.ofPlatform()
        .start(
            () -> {
              try {
                CpuAffinity.set(one);
                found.set(CpuAffinity.get());
              } catch (Exception e) {
                found.set(e);
              }
            })
        .join();
    assertEquals(one, found.get());
  }

  @Test
  void shouldRefuseVirtualThread() throws Exception {
    // Facts, trap 8: it would bind the carrier.
    AtomicReference<Throwable> failure = new AtomicReference<>();
    BitSet allowed = CpuAffinity.get();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                CpuAffinity.set(allowed);
              } catch (Exception e) {
                failure.set(e);
              }
            })
        .join();
    assertInstanceOf(IllegalStateException.class, failure.get());
  }

  @Test
  void shouldRefuseProcessorsThatAreNotThere() {
    assertThrows(ErrnoException.class, () -> CpuAffinity.set(new BitSet()));
    BitSet high = new BitSet();
    high.set(5000);
    assertThrows(IllegalArgumentException.class, () -> CpuAffinity.set(high));
  }

  @Test
  void shouldTellLimits() {
    assertTrue(Memlock.limitBytes() >= Memlock.UNLIMITED);
    assertTrue(HugePages.sizeBytes() >= 0);
    assertTrue(HugePages.freeCount() >= 0);
    assertTrue(HugePages.transparentMode().matches("always|madvise|never"));
    assertTrue(KernelInfo.ioUringDisabled() >= -1);
  }
}
