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

class DirectFileTest {
  @TempDir Path directory;

  @Test
  void shouldCreateAndAllocate() throws Exception {
    Path path = directory.resolve("data");
    try (DirectFile file = DirectFile.open(path, true, DirectFile.Mode.DIRECT)) {
      assertEquals(0, file.sizeBytes());
      assertFalse(file.isBlockDevice());
      assertTrue(file.hasVolatileWriteCache());
      assertEquals(1, Integer.bitCount(file.memoryAlignmentBytes()));
      assertEquals(1, Integer.bitCount(file.offsetAlignmentBytes()));
      file.allocate(1 << 20);
      file.allocate(1 << 10);
      assertEquals(1 << 20, file.sizeBytes());
    }
    assertEquals(1 << 20, Files.size(path));
  }

  @Test
  void shouldLeaveFileAsItWasWhenThereIsNoSpace() throws Exception {
    try (DirectFile file =
        DirectFile.open(directory.resolve("data"), true, DirectFile.Mode.CACHED)) {
      file.allocate(8192);
      long free = Files.getFileStore(directory).getUsableSpace();
      ErrnoException refused =
          assertThrows(ErrnoException.class, () -> file.allocate(2 * free + (1L << 40)));
      assertTrue(
          refused.errno() == Errno.ENOSPC || refused.errno() == Errno.EFBIG, refused.getMessage());
      assertEquals(8192, file.sizeBytes());
    }
  }

  @Test
  void shouldRefuseSecondOpening() throws Exception {
    Path path = directory.resolve("data");
    try (DirectFile _ = DirectFile.open(path, true, DirectFile.Mode.CACHED)) {
      FileLockedException refused =
          assertThrows(
              FileLockedException.class,
              () -> DirectFile.open(path, false, DirectFile.Mode.DIRECT));
      assertTrue(String.valueOf(refused.getMessage()).contains("in use by"), refused.getMessage());
    }
    DirectFile.open(path, false, DirectFile.Mode.DIRECT).close();
  }

  @Test
  void shouldSayWhyItCannotOpen() {
    assertRefused(directory.resolve("absent"), "create=true");
    assertRefused(directory, "directory");
    assertRefused(Path.of("/dev/null"), "neither a regular file nor a block device");
  }

  private static void assertRefused(Path path, String reason) {
    IOException refused =
        assertThrows(IOException.class, () -> DirectFile.open(path, false, DirectFile.Mode.CACHED));
    assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused.getMessage());
  }
}
