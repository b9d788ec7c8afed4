// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** A file full of random bytes, deleted when closed. */
final class DataFile implements AutoCloseable {
  private static final int CHUNK_BYTES = 1 << 20;

  private final Path path;

  private DataFile(Path path) {
    this.path = path;
  }

  /** Creates it and writes it through to the device. */
  static DataFile create(Path directory, long bytes) throws IOException {
    DataFile file = new DataFile(Files.createTempFile(directory, "basalt-bench", ".data"));
    byte[] chunk = new byte[CHUNK_BYTES];
    Random random = new Random(1);
    try (FileChannel channel = FileChannel.open(file.path, StandardOpenOption.WRITE)) {
      for (long written = 0; written < bytes; ) {
        random.nextBytes(chunk);
        written += channel.write(ByteBuffer.wrap(chunk));
      }
      channel.force(true);
    } catch (IOException e) {
      file.close();
      throw e;
    }
    return file;
  }

  Path path() {
    return path;
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(path);
  }
}
