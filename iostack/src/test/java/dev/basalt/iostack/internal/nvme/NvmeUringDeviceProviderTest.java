// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.Devices;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NvmeUringDeviceProviderTest {
  @Test
  void shouldBeFoundAndSayWhetherItCanRun() {
    NvmeUringDeviceProvider provider = new NvmeUringDeviceProvider();
    assertEquals("nvme-uring", provider.scheme());
    assertTrue(
        Devices.providers().stream().anyMatch(found -> found instanceof NvmeUringDeviceProvider));
    assertFalse(provider.availability().reason().isBlank());
    assertFalse(provider.canCreate());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nvme-uring:",
        "nvme-uring:/dev/ng0n1?poll=maybe",
        "nvme-uring:/dev/ng0n1?poll=TRUE",
        "nvme-uring:/dev/ng0n1?timeout-ms=0",
        "nvme-uring:/dev/ng0n1?timeout-ms=4000000",
        "nvme-uring:/dev/ng0n1?create=true",
        "nvme-uring:/dev/ng0n1?interrupts=true"
      })
  void shouldRefuseWrongOptionsBeforeTheDeviceIsTouched(String uri) {
    assertThrows(
        IllegalArgumentException.class, () -> Devices.open(uri, Execution.threads()).close());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/dev/ng99n99", "/dev/null", "/"})
  void shouldSayWhyADeviceCannotBeOpened(String path) {
    IOException e =
        assertThrows(
            IOException.class,
            () -> Devices.open("nvme-uring:" + path, Execution.threads()).close());
    assertTrue(String.valueOf(e.getMessage()).matches(".*(there is no|needed).*"), e.getMessage());
  }
}
