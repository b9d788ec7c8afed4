// SPDX-License-Identifier: Apache-2.0
/** The basalt command. */
module dev.basalt.cli {
  requires static transitive org.jspecify;
  requires dev.basalt.engine;
  requires info.picocli;
  requires com.fasterxml.jackson.databind;
  requires HdrHistogram;
}
