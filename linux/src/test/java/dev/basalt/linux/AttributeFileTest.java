// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AttributeFileTest {
  @TempDir private Path directory;

  @Test
  void shouldWriteAText() throws IOException {
    Path file = Files.writeString(directory.resolve("attribute"), "a longer text\n");
    AttributeFile.write(file, "text\n");
    assertEquals("text\n", Files.readString(file));
  }

  @Test
  void shouldMakeNoFile() {
    Path file = directory.resolve("none");
    ErrnoException failure =
        assertThrows(ErrnoException.class, () -> AttributeFile.write(file, "text\n"));
    assertEquals(Errno.ENOENT, failure.errno());
    assertFalse(Files.exists(file));
  }

  @Test
  void shouldSayWhatTheKernelRefuses() {
    ErrnoException failure =
        assertThrows(
            ErrnoException.class, () -> AttributeFile.write(Path.of("/dev/full"), "text\n"));
    assertEquals(Errno.ENOSPC, failure.errno());
    assertTrue(String.valueOf(failure.getMessage()).contains("/dev/full"));
  }

  @Test
  void shouldClaimWhatIsThere() throws IOException {
    Path file = Files.createFile(directory.resolve("disk"));
    try (BlockClaim claim = new BlockClaim()) {
      assertTrue(claim.tryAdd(file));
      assertTrue(claim.tryAdd(directory.resolve("none")));
      assertThrows(ErrnoException.class, () -> claim.tryAdd(file.resolve("below")));
    }
  }
}
