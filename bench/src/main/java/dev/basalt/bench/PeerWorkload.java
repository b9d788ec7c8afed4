// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.util.Locale;

/** What is done with each store: a main operation, and sometimes another in its place. */
enum PeerWorkload {
  READ_UNIFORM(Operation.READ, Operation.READ, 0, Choice.UNIFORM),
  /** YCSB C as well. */
  READ_ZIPF(Operation.READ, Operation.READ, 0, Choice.ZIPF),
  UPDATE_HALF(Operation.READ, Operation.UPDATE, 50, Choice.UNIFORM),
  UPDATE(Operation.UPDATE, Operation.UPDATE, 0, Choice.UNIFORM),
  SCAN_UP(Operation.SCAN_UP, Operation.SCAN_UP, 0, Choice.UNIFORM),
  SCAN_DOWN(Operation.SCAN_DOWN, Operation.SCAN_DOWN, 0, Choice.UNIFORM),
  YCSB_A(Operation.READ, Operation.UPDATE, 50, Choice.ZIPF),
  YCSB_B(Operation.READ, Operation.UPDATE, 5, Choice.ZIPF),
  YCSB_D(Operation.READ, Operation.INSERT, 5, Choice.LATEST),
  YCSB_E(Operation.SCAN_SHORT, Operation.INSERT, 5, Choice.ZIPF),
  YCSB_F(Operation.READ, Operation.MODIFY, 50, Choice.ZIPF);

  /** Records of a scan; a short one has 1 to as many. */
  static final int SCAN_RECORDS = 100;

  /** A call of the store. */
  enum Operation {
    READ,
    UPDATE,
    INSERT,
    SCAN_UP,
    SCAN_DOWN,
    SCAN_SHORT,
    /** A read and an update of the same record. */
    MODIFY
  }

  /** Which records are taken. */
  enum Choice {
    UNIFORM,
    /** By Zipf's law, the popular ones all over the keys. */
    ZIPF,
    /** By Zipf's law, the last one inserted most often. */
    LATEST
  }

  private final Operation main;
  private final Operation other;
  private final int otherPercent;
  private final Choice choice;

  PeerWorkload(Operation main, Operation other, int otherPercent, Choice choice) {
    this.main = main;
    this.other = other;
    this.otherPercent = otherPercent;
    this.choice = choice;
  }

  /** Its name for people, and on the command line. */
  String title() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Which operation is next, by a random number. */
  Operation operation(long random) {
    return (int) (random >>> 33) % 100 < otherPercent ? other : main;
  }

  Choice choice() {
    return choice;
  }

  /** Whether it adds records, which one caller at a time may do. */
  boolean inserts() {
    return other == Operation.INSERT;
  }
}
