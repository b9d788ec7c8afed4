// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import static dev.basalt.linux.host.FakeHost.ADDRESS;
import static dev.basalt.linux.host.FakeHost.SERIAL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.linux.host.FakeHost;
import dev.basalt.linux.host.PciBus;
import dev.basalt.linux.host.PciFunction;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class DriverBindingTest {
  private static final String OVERRIDE = "/sys/bus/pci/devices/" + ADDRESS + "/driver_override";
  private static final String RELEASE = "/sys/bus/pci/drivers/nvme/unbind";
  private static final String PROBE = "/sys/bus/pci/drivers_probe";
  private static final List<String> BIND_WRITES =
      List.of(
          "echo vfio-pci > " + OVERRIDE,
          "echo " + ADDRESS + " > " + RELEASE,
          "echo " + ADDRESS + " > " + PROBE);

  @TempDir private Path root;

  private FakeHost host;
  private FakeKernel kernel;
  private DriverBinding binding;

  @BeforeEach
  void makeHost() {
    host = new FakeHost(root).nvme();
    kernel = new FakeKernel(host);
    binding = new DriverBinding(host.files(), kernel);
  }

  @Test
  void shouldBindAndUnbindAnEmptyDevice() throws IOException {
    binding.bind(ADDRESS, null);
    assertEquals(BIND_WRITES, kernel.writes());
    assertDriver("vfio-pci", "vfio-pci");
    binding.unbind(ADDRESS);
    assertDriver("nvme", null);
  }

  @Test
  void shouldTouchNothingInARehearsal() throws IOException {
    BindProposal proposal = binding.propose(ADDRESS);
    assertEquals(BIND_WRITES, proposal.writes().stream().map(AttributeWrite::toString).toList());
    assertFalse(proposal.needsConfirmation());
    assertEquals(List.of(), kernel.writes());
    assertDriver("nvme", null);
  }

  @Test
  void shouldDoNothingTwice() throws IOException {
    binding.unbind(ADDRESS);
    assertEquals(List.of(), kernel.writes());
    binding.bind(ADDRESS, null);
    kernel.writes().clear();
    assertEquals(List.of(), binding.bind(ADDRESS, null));
    assertEquals(List.of(), kernel.writes());
  }

  @Test
  void shouldAskForTheSerialNumberWhereDataMayBeLost() throws IOException {
    host.content("nvme0n1", 0, "XFSB");
    assertTrue(binding.propose(ADDRESS).needsConfirmation());
    String message = messageOf(() -> binding.bind(ADDRESS, null), UnconfirmedException.class);
    assertTrue(message.contains("nvme0n1 holds an xfs file system"), message);
    assertTrue(message.contains("--serial " + SERIAL), message);
    messageOf(() -> binding.bind(ADDRESS, "other"), UnconfirmedException.class);
    assertEquals(List.of(), kernel.writes());
    binding.bind(ADDRESS, SERIAL);
    assertDriver("vfio-pci", "vfio-pci");
  }

  @Test
  void shouldAskForTheSerialNumberWhereNothingCanBeRead() throws IOException {
    host.remove("/dev/nvme0n1");
    assertTrue(binding.propose(ADDRESS).needsConfirmation());
    messageOf(() -> binding.bind(ADDRESS, null), UnconfirmedException.class);
  }

  @Test
  void shouldAskForTheAddressOfADeviceNobodyDrives() throws IOException {
    kernel.write(new AttributeWrite(RELEASE, ADDRESS));
    messageOf(() -> binding.bind(ADDRESS, null), UnconfirmedException.class);
    binding.bind(ADDRESS, ADDRESS);
    assertDriver("vfio-pci", "vfio-pci");
  }

  @Test
  void shouldRefuseWhatBecameUsedSinceItWasProposed() throws IOException {
    binding.propose(ADDRESS);
    host.mount("nvme0n1", "/data", "ext4");
    String message = messageOf(() -> binding.bind(ADDRESS, SERIAL), BindRefusedException.class);
    assertTrue(message.contains("nvme0n1 is mounted at /data (ext4): umount /data"), message);
    assertEquals(List.of(), kernel.writes());
    assertDriver("nvme", null);
  }

  @Test
  void shouldRefuseADeviceOverANetwork() {
    host.controller("nvme1", "tcp", "traddr=10.0.0.7", "T1").namespace("nvme1", 1);
    String message =
        messageOf(() -> binding.propose("traddr=10.0.0.7"), BindRefusedException.class);
    assertTrue(message.contains("nvme1 is reached over tcp"), message);
    messageOf(() -> binding.bind("traddr=10.0.0.7", "T1"), BindRefusedException.class);
  }

  @Test
  void shouldRefuseWithoutTheRightToWrite() {
    host.remove(PROBE);
    BindRefusedException refused =
        assertThrows(BindRefusedException.class, () -> binding.bind(ADDRESS, null));
    assertTrue(refused.isForRights());
    assertFalse(refused.isForUse());
    assertTrue(String.valueOf(refused.getMessage()).contains("run it as root"));
  }

  @Test
  void shouldGoBackFromEachFailedWrite() {
    for (String path : List.of(OVERRIDE, RELEASE, PROBE)) {
      kernel.failOnce(path);
      String message = messageOf(() -> binding.bind(ADDRESS, null), IOException.class);
      assertTrue(message.contains(path), message);
      assertTrue(message.contains("EBUSY (16)"), message);
      assertTrue(message.contains("back with the driver nvme"), message);
      assertDriver("nvme", null);
    }
  }

  @Test
  void shouldGoBackWhenTheDriverDoesNotTakeTheDevice() {
    kernel =
        new FakeKernel(host) {
          @Override
          public void write(AttributeWrite write) throws IOException {
            boolean isProbeForVfio =
                write.path().equals(PROBE) && host.files().text(OVERRIDE, "").equals("vfio-pci");
            if (!isProbeForVfio) {
              super.write(write);
            }
          }
        };
    binding = new DriverBinding(host.files(), kernel);
    String message = messageOf(() -> binding.bind(ADDRESS, null), IOException.class);
    assertTrue(message.contains("vfio-pci did not take " + ADDRESS), message);
    assertDriver("nvme", null);
  }

  @Test
  void shouldComeBackFromEachStateAKillLeaves() throws IOException {
    for (int count = 0; count <= BIND_WRITES.size(); count++) {
      kernel = new FakeKernel(host);
      kernel.killAfter(count);
      DriverBinding killed = new DriverBinding(host.files(), kernel);
      if (count < BIND_WRITES.size()) {
        assertThrows(FakeKernel.Killed.class, () -> killed.bind(ADDRESS, null));
      } else {
        killed.bind(ADDRESS, null);
      }
      binding.unbind(ADDRESS);
      assertDriver("nvme", null);
    }
  }

  @Test
  void shouldFinishABindThatAKillInterrupted() throws IOException {
    kernel.killAfter(2);
    assertThrows(FakeKernel.Killed.class, () -> binding.bind(ADDRESS, null));
    kernel.killAfter(Integer.MAX_VALUE);
    binding.bind(ADDRESS, ADDRESS);
    assertDriver("vfio-pci", "vfio-pci");
  }

  @Test
  void shouldLeaveADeviceWithTheProcessThatDrivesIt() throws IOException {
    binding.bind(ADDRESS, null);
    host.process(900, "java", "/dev/vfio/12");
    String message = messageOf(() -> binding.unbind(ADDRESS), BindRefusedException.class);
    assertTrue(message.contains("vfio/12 is open by process 900 (java)"), message);
    assertDriver("vfio-pci", "vfio-pci");
  }

  @Test
  void shouldSayThatNoDriverTookADeviceBack() throws IOException {
    binding.bind(ADDRESS, null);
    host.remove("/sys/bus/pci/drivers/nvme");
    String message = messageOf(() -> binding.unbind(ADDRESS), IOException.class);
    assertTrue(message.contains("modprobe nvme"), message);
  }

  private void assertDriver(String driver, @Nullable String override) {
    PciFunction function = PciBus.function(host.files(), ADDRESS);
    assertNotNull(function);
    assertEquals(driver, function.driver());
    if (override == null) {
      assertNull(function.driverOverride());
    } else {
      assertEquals(override, function.driverOverride());
    }
  }

  private static String messageOf(Executable action, Class<? extends IOException> type) {
    return String.valueOf(assertThrows(type, action).getMessage());
  }
}
