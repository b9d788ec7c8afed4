// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.CpuAffinity;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The driver over SPDK against SPDK's own target. */
@Tag("spdk")
@Timeout(300)
class SpdkDeviceTest {
  private static final long WAIT_NANOS = 1_000_000;

  @TempDir private static Path directory;
  private static SpdkTarget target;

  @BeforeAll
  static void start() throws IOException {
    SpdkTarget.check();
    target = SpdkTarget.start(directory);
  }

  @AfterAll
  static void stop() {
    if (target != null) {
      target.close();
    }
  }

  @Nested
  class Tcp extends BlockDeviceConformance {
    @Override
    BlockDevice open(Path unused) throws IOException {
      return Devices.open(target.tcp(), Execution.threads());
    }

    @Override
    long deviceBytes() {
      return SpdkTarget.sizeBytes();
    }
  }

  @Nested
  class VfioUser extends BlockDeviceConformance {
    @Override
    BlockDevice open(Path unused) throws IOException {
      return Devices.open(target.vfioUser(), Execution.threads());
    }

    @Override
    long deviceBytes() {
      return SpdkTarget.sizeBytes();
    }
  }

  @Nested
  class MemoryOfTcp extends DriverMemoryConformance {
    @Override
    BlockDevice open() throws IOException {
      return Devices.open(target.tcp(), Execution.threads());
    }

    @Override
    int alignmentBytes() {
      return 4;
    }
  }

  @Nested
  class MemoryOfVfioUser extends DriverMemoryConformance {
    @Override
    BlockDevice open() throws IOException {
      return Devices.open(target.vfioUser(), Execution.threads());
    }

    @Override
    int alignmentBytes() {
      return 4;
    }
  }

  @Test
  void shouldLeaveTheAffinityOfItsCaller() throws IOException {
    BitSet before = CpuAffinity.get();
    try (BlockDevice device = Devices.open(target.tcp(), Execution.threads());
        QueuePair _ = device.openQueuePair(4)) {
      assertEquals(before, CpuAffinity.get());
    }
  }

  @Test
  void shouldSayWhatIsWrong() {
    assertRefused(target.tcp().replace("/1?", "/7?"), "has no namespace 7; its first is 1");
    assertRefused(target.tcp().replace(":tcp/", ":none/"), "there is no controller at");
    assertRefused("spdk:tcp://127.0.0.1/1" + SpdkTarget.OPTIONS, "needed: 0000:01:00.0/1, tcp://");
    assertRefused("spdk:0000:ff:1f.7/1" + SpdkTarget.OPTIONS, "bound to vfio-pci");
    assertRefused(target.tcp() + "&mem-mb=17", "SPDK runs with no-huge=true and mem-mb=256");
    assertRefused(target.tcp() + "&depth=17", "option 'depth' is unknown");
  }

  private static void assertRefused(String uri, String reason) {
    IOException e =
        assertThrows(IOException.class, () -> Devices.open(uri, Execution.threads()).close());
    assertTrue(String.valueOf(e.getMessage()).contains(reason), e.getMessage());
  }

  /** Two namespaces of one process may be open at once, and none twice. */
  @Test
  void shouldShareAController() throws IOException {
    BlockDevice first = Devices.open(target.tcp(), Execution.threads());
    assertRefused(target.tcp(), "is open already, here or in another process");
    String other = target.tcp().replace("/1?", "/2?");
    try (BlockDevice second = Devices.open(other, Execution.threads());
        QueuePair pair = second.openQueuePair(1)) {
      first.close();
      assertEquals(List.of(IoStatus.SUCCESS), run(pair, pair.tryFlush(1)));
    }
  }

  @Test
  void shouldFailEachCommandOnceWhenTheTargetDies(@TempDir Path own) throws IOException {
    SpdkTarget mortal = SpdkTarget.start(own);
    try (BlockDevice device = Devices.open(mortal.tcp(), Execution.threads());
        QueuePair pair = device.openQueuePair(16);
        MappedRegion memory = VirtualMemory.reserve(1 << 20)) {
      assertEquals(List.of(IoStatus.SUCCESS), run(pair, pair.tryWrite(0, 8, memory.address(), 1)));
      mortal.kill();
      boolean queued = true;
      for (int i = 0; i < 16; i++) {
        queued &= pair.tryRead(i, 1, memory.address(), i);
      }
      List<Integer> statuses = run(pair, queued);
      assertEquals(16, statuses.size());
      assertFalse(statuses.contains(IoStatus.SUCCESS));
      assertFalse(run(pair, pair.tryFlush(1)).contains(IoStatus.SUCCESS));
    }
    try (SpdkTarget _ = mortal.restart();
        BlockDevice device = Devices.open(mortal.tcp(), Execution.threads());
        QueuePair pair = device.openQueuePair(1)) {
      assertEquals(List.of(IoStatus.SUCCESS), run(pair, pair.tryFlush(1)));
    }
  }

  /** Nothing tells that the process beyond the memory is gone, but that it answers no more. */
  @Test
  void shouldGiveUpASilentController(@TempDir Path own) throws IOException {
    SpdkTarget mortal = SpdkTarget.start(own);
    try (BlockDevice device =
            Devices.open(mortal.vfioUser() + "&timeout-ms=2000", Execution.threads());
        QueuePair pair = device.openQueuePair(8);
        MappedRegion memory = VirtualMemory.reserve(1 << 20)) {
      mortal.kill();
      boolean queued = true;
      for (int i = 0; i < 8; i++) {
        queued &= pair.tryWrite(i, 1, memory.address(), i);
      }
      List<Integer> statuses = run(pair, queued);
      assertEquals(8, statuses.size());
      assertFalse(statuses.contains(IoStatus.SUCCESS));
    }
  }

  private static List<Integer> run(QueuePair pair, boolean queued) {
    assertTrue(queued);
    List<Integer> statuses = new ArrayList<>();
    pair.submit();
    while (pair.inFlight() > 0) {
      if (pair.poll((_, status) -> statuses.add(status), 16) == 0) {
        pair.sleep(WAIT_NANOS);
      }
    }
    return statuses;
  }
}
