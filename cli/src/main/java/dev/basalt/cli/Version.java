// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import picocli.CommandLine.IVersionProvider;

/** Prints the version of this build. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String version =
        Version.class.getModule().getDescriptor() == null
            ? "development"
            : Version.class.getModule().getDescriptor().rawVersion().orElse("development");
    return new String[] {
      "basalt " + version, "Java " + Runtime.version() + ", " + System.getProperty("os.name"),
    };
  }
}
