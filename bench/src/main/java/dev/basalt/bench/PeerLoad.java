// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.util.Locale;

/** How the records come into an empty store. */
enum PeerLoad {
  /** Sorted, by the store's own way for that. */
  ORDERED_LOAD,
  RANDOM_LOAD;

  /** Its name for people, and on the command line. */
  String title() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
