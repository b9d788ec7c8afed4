// SPDX-License-Identifier: Apache-2.0
/** The store: tables, log, checkpoint and recovery. */
module dev.basalt.engine {
  requires static transitive org.jspecify;
  requires transitive dev.basalt.index;

  exports dev.basalt.engine;
}
