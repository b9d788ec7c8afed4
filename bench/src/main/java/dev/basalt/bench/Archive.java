// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/** What archives on the class path hold besides classes. */
final class Archive {
  private Archive() {}

  /** The version of a library by what Maven has put into its archive. */
  static String version(String groupId, String artifactId) throws IOException {
    Properties properties = new Properties();
    try (InputStream file =
        open("/META-INF/maven/" + groupId + "/" + artifactId + "/pom.properties")) {
      properties.load(file);
    }
    return properties.getProperty("version", "unknown");
  }

  /** A file of text. */
  static String text(String name) throws IOException {
    try (InputStream file = open(name)) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static InputStream open(String name) throws IOException {
    InputStream file = Archive.class.getResourceAsStream(name);
    if (file == null) {
      throw new IOException("not on the class path: " + name);
    }
    return file;
  }
}
