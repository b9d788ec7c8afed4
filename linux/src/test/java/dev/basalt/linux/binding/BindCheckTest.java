// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.FakeHost;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeDevices;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each host of {@link RefusingHost} is refused with its reason and no other. */
class BindCheckTest {
  @TempDir private Path root;

  @ParameterizedTest
  @MethodSource("dev.basalt.linux.binding.RefusingHost#all")
  void shouldGiveTheReason(RefusingHost kind) {
    FakeHost host = kind.make(root);
    NvmeDevice device = NvmeDevices.read(host.files()).getFirst();
    List<BindRefusal> refusals =
        new ArrayList<>(BindCheck.refusals(host.files(), device, new BlockUses(host.files())));
    refusals.addAll(BindCheck.refusals(BindCheck.contents(host.files(), device)));
    assertEquals(kind.reasons(), refusals.stream().map(BindRefusal::reason).toList());
    for (BindRefusal refusal : refusals) {
      assertTrue(!refusal.mend().isBlank(), refusal.reason());
    }
  }
}
