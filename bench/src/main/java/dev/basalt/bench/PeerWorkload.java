// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.util.Locale;

/** What is done with each store. */
enum PeerWorkload {
  READ_UNIFORM,
  READ_ZIPF,
  UPDATE_HALF,
  SCAN_UP,
  SCAN_DOWN;

  static final int SCAN_RECORDS = 100;

  /** Its name for people. */
  String title() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Does one operation with the key of a record chosen; {@code random} decides between two. */
  void run(Peer.Session session, long key, long random) {
    switch (this) {
      case READ_UNIFORM, READ_ZIPF -> session.get(key);
      case UPDATE_HALF -> {
        if (random < 0) {
          session.put(key);
        } else {
          session.get(key);
        }
      }
      case SCAN_UP -> session.scan(key, SCAN_RECORDS, true);
      case SCAN_DOWN -> session.scan(key, SCAN_RECORDS, false);
    }
  }
}
