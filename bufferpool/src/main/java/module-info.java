// SPDX-License-Identifier: Apache-2.0
/** The vmcache buffer pool. */
module dev.basalt.bufferpool {
  requires static transitive org.jspecify;
  requires transitive dev.basalt.iostack;

  exports dev.basalt.bufferpool;
}
