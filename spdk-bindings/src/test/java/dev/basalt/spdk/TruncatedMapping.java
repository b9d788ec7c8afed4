// SPDX-License-Identifier: Apache-2.0
package dev.basalt.spdk;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A program: loads a driver, and opens a device when one is named; then reads a mapping of a file
 * that was cut off, which the kernel answers with SIGBUS. Prints what the JVM makes of that.
 */
final class TruncatedMapping {
  private static final int BYTES = 64 << 10;

  private TruncatedMapping() {}

  public static void main(String[] arguments) throws IOException {
    NativeDriver driver = NativeDriver.load(arguments[0]);
    if (arguments.length > 1) {
      driver.openDevice(arguments[1], arguments[2]).close();
    }
    Path file = Files.createTempFile("mapped", "");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MappedByteBuffer buffer = channel.map(FileChannel.MapMode.READ_WRITE, 0, BYTES);
      channel.truncate(0);
      System.out.println("read " + buffer.get(BYTES - 1));
    } catch (InternalError e) {
      System.out.println(e);
    } finally {
      Files.delete(file);
    }
  }
}
