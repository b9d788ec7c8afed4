// SPDX-License-Identifier: Apache-2.0
/** The optimistic B+tree and the page space. */
module dev.basalt.index {
  requires static transitive org.jspecify;
  requires transitive dev.basalt.bufferpool;
  requires dev.basalt.linux;

  exports dev.basalt.index;
}
