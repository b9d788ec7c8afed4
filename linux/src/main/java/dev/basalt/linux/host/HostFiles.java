// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files through which the kernel describes a host, {@code /sys}, {@code /proc} and {@code
 * /dev}, below a root that need not be the real one.
 *
 * <p>What is not there or cannot be read is no error: most of these files exist on some kernels and
 * machines only, and devices come and go while they are read.
 *
 * @param root what stands for {@code /}
 */
public record HostFiles(Path root) {
  /** The system property that names another root than {@code /}: for tests. */
  public static final String ROOT_PROPERTY = "basalt.host.root";

  /** nvme2 before nvme10. */
  private static final Comparator<String> BY_NUMBER =
      Comparator.comparingInt(String::length).thenComparing(Comparator.naturalOrder());

  /**
   * Returns the files of the host this process runs on.
   *
   * @return those below the root of {@link #ROOT_PROPERTY}, or else {@code /}
   */
  public static HostFiles ofThisHost() {
    return new HostFiles(Path.of(System.getProperty(ROOT_PROPERTY, "/")));
  }

  /**
   * Finds a file.
   *
   * @param path an absolute path as the host has it, such as {@code /proc/swaps}
   * @return where it is
   */
  public Path at(String path) {
    return root.resolve(path.substring(1));
  }

  /**
   * Tells whether there is a file, directory or link.
   *
   * @param path an absolute path as the host has it
   * @return false for a link that leads nowhere
   */
  public boolean exists(String path) {
    return Files.exists(at(path));
  }

  /**
   * Reads a text.
   *
   * @param path an absolute path as the host has it
   * @return its text without white space around it, or null when it is not there or not readable
   */
  public @Nullable String text(String path) {
    try {
      return Files.readString(at(path), StandardCharsets.ISO_8859_1).strip();
    } catch (IOException _) { // Not there, not for us, or its device has just gone: nothing known.
      return null;
    }
  }

  /**
   * Reads a text that may be missing.
   *
   * @param path an absolute path as the host has it
   * @param otherwise what to return where there is none
   * @return its text without white space around it
   */
  public String text(String path, String otherwise) {
    String text = text(path);
    return text == null ? otherwise : text;
  }

  /**
   * Reads the lines of a text.
   *
   * @param path an absolute path as the host has it
   * @return none where there is no such text
   */
  public List<String> lines(String path) {
    return text(path, "").lines().toList();
  }

  /**
   * Reads a decimal or, after 0x, a hexadecimal number.
   *
   * @param path an absolute path as the host has it
   * @param otherwise what to return where there is none
   * @return the number
   */
  public long number(String path, long otherwise) {
    try {
      return Long.decode(text(path, ""));
    } catch (NumberFormatException _) { // Empty, or a word such as "max".
      return otherwise;
    }
  }

  /**
   * Lists a directory.
   *
   * @param path an absolute path as the host has it
   * @return the names, by number; none where there is no such directory
   */
  public List<String> names(String path) {
    try (Stream<Path> entries = Files.list(at(path))) {
      return entries.map(Path::getFileName).map(Path::toString).sorted(BY_NUMBER).toList();
    } catch (IOException | UncheckedIOException _) { // As in text.
      return List.of();
    }
  }

  /**
   * Reads the last name of what a link points to, as sysfs says which driver a device has.
   *
   * @param path an absolute path as the host has it
   * @return the name, or null where there is no such link
   */
  public @Nullable String linkName(String path) {
    String target = linkTarget(path);
    return target == null ? null : target.substring(target.lastIndexOf('/') + 1);
  }

  /**
   * Reads what a link points to.
   *
   * @param path an absolute path as the host has it
   * @return as written, or null where there is no such link
   */
  public @Nullable String linkTarget(String path) {
    try {
      return Files.readSymbolicLink(at(path)).toString();
    } catch (IOException _) { // As in text.
      return null;
    }
  }
}
