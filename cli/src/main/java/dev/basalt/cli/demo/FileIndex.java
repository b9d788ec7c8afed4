// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.demo;

import dev.basalt.engine.Cursor;
import dev.basalt.engine.Range;
import dev.basalt.engine.Table;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * An index of a file tree: the path is the key, type, size and time of the last change the value.
 *
 * <p>Keys are in the order of their bytes, so everything under a directory lies together, and a
 * cursor that seeks past each subdirectory lists one directory.
 */
public final class FileIndex {
  private FileIndex() {}

  /**
   * Visits all files under a directory, not following links; what cannot be read is left out.
   *
   * @param root the directory
   * @param visitor takes key and value of each
   * @throws IOException when the directory cannot be read
   */
  public static void walk(Path root, BiConsumer<byte[], byte[]> visitor) throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            return visitFile(path, attributes);
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            visitor.accept(key(path), bytes(describe(attributes)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path path, IOException failure) {
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /**
   * Lists a directory from the index.
   *
   * @param table holds the index
   * @param directory its path
   * @return names and descriptions of its entries
   */
  public static Map<String, String> list(Table table, Path directory) {
    Map<String, String> entries = new TreeMap<>();
    String prefix = directory + "/";
    try (Cursor cursor = table.cursor(Range.prefix(bytes(prefix)))) {
      while (cursor.next()) {
        String name = text(cursor.key()).substring(prefix.length());
        int slash = name.indexOf('/');
        if (slash < 0) {
          entries.put(name, text(cursor.value()));
        } else {
          // Past everything below this subdirectory: '0' is the character after '/'.
          cursor.seek(bytes(prefix + name.substring(0, slash) + "0"));
        }
      }
    }
    return entries;
  }

  /**
   * Lists a directory from the file system, in the form of {@link #list(Table, Path)}.
   *
   * @param directory its path
   * @return names and descriptions of its entries
   * @throws IOException when it cannot be read
   */
  public static Map<String, String> list(Path directory) throws IOException {
    Map<String, String> entries = new TreeMap<>();
    try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory)) {
      for (Path path : paths) {
        BasicFileAttributes attributes =
            Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        entries.put(path.getFileName().toString(), describe(attributes));
      }
    }
    return entries;
  }

  private static String describe(BasicFileAttributes attributes) {
    String type =
        attributes.isDirectory()
            ? "directory"
            : attributes.isSymbolicLink() ? "link" : attributes.isRegularFile() ? "file" : "other";
    return type + " " + attributes.size() + " " + attributes.lastModifiedTime();
  }

  private static byte[] key(Path path) {
    return bytes(path.toString());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
