// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be told without a device. */
class NvmeGenericFileTest {
  @TempDir private Path directory;

  @Test
  void shouldNameTheDeviceOfADisk() throws IOException {
    Path disk = Files.createFile(directory.resolve("nvme3n12"));
    assertRefused(disk, "its commands go to nvme-uring:/dev/ng3n12");
    Path link = Files.createSymbolicLink(directory.resolve("by-id"), disk);
    assertRefused(link, "its commands go to nvme-uring:/dev/ng3n12");
  }

  @Test
  void shouldNotOfferTheWholeNamespaceInPlaceOfAPartition() throws IOException {
    Path partition = Files.createFile(directory.resolve("nvme3n1p2"));
    assertRefused(partition, "open it with io_uring:" + partition);
  }

  @Test
  void shouldRefuseWhatIsNoNamespace() throws IOException {
    assertRefused(directory.resolve("ng0n1"), "there is no " + directory);
    assertRefused(directory, "needed: such as /dev/ng0n1");
    assertRefused(Path.of("/"), "needed: such as /dev/ng0n1");
    assertRefused(Path.of("/dev/null"), "needed: such as /dev/ng0n1");
    Path named = Files.createFile(directory.resolve("ng0n1"));
    assertRefused(named, "is not the generic device of an NVMe namespace");
  }

  private static void assertRefused(Path path, String reason) {
    IOException e = assertThrows(IOException.class, () -> NvmeGenericFile.open(path).close());
    assertTrue(String.valueOf(e.getMessage()).contains(reason), e.getMessage());
  }
}
