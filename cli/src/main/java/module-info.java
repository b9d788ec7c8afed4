// SPDX-License-Identifier: Apache-2.0
/** The basalt command. */
module dev.basalt.cli {
  requires static transitive org.jspecify;
  requires dev.basalt.engine;
  requires dev.basalt.iostack;
  requires dev.basalt.linux;
  requires com.fasterxml.jackson.core;
  requires de.siegmar.fastcsv;
  requires HdrHistogram;
  requires info.picocli;

  // picocli makes the commands and sets their fields by reflection.
  opens dev.basalt.cli to
      info.picocli;
}
