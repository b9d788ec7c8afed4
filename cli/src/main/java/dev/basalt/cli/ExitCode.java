// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

/** What the command's exit status means; the numbers from 64 on follow sysexits.h. */
final class ExitCode {
  /** Done. Also when the reader of standard output went away: it had what it wanted. */
  static final int DONE = 0;

  /** The key or table asked for is not there. */
  static final int NOT_FOUND = 1;

  /** Wrong usage: an option, an argument or the configuration. */
  static final int USAGE = 64;

  /** Wrong data: a line of the input, something that is no store, a damaged store. */
  static final int DATA = 65;

  /** The input file, the store or the device is not there or cannot be read. */
  static final int NO_INPUT = 66;

  /** The back end cannot run on this machine, or cannot open or get the device. */
  static final int UNAVAILABLE = 69;

  /** A defect of Basalt itself; the only case that prints a stack trace. */
  static final int INTERNAL = 70;

  /** Not enough memory for the JVM's heap. */
  static final int MEMORY = 71;

  /** No space left for the store. */
  static final int FULL = 73;

  /** Reading or writing failed; the store failed before. */
  static final int IO = 74;

  /** Another process has the store open, or something uses the device; try again later. */
  static final int BUSY = 75;

  /** The user has not the right, mostly root's. */
  static final int PERMISSION = 77;

  /** The table of exit codes, for the help text. */
  static final String[] DESCRIPTIONS = {
    DONE + ":done",
    NOT_FOUND + ":the key or table is not there",
    USAGE + ":wrong usage: option, argument or configuration",
    DATA + ":wrong data: a line of input, not a store, a damaged store",
    NO_INPUT + ":the input file, the store or the device cannot be read",
    UNAVAILABLE + ":the back end cannot run here or cannot get the device",
    INTERNAL + ":a defect of Basalt; please report it",
    MEMORY + ":not enough memory; nothing acknowledged is lost",
    FULL + ":no space left; nothing acknowledged is lost",
    IO + ":an I/O error",
    BUSY + ":another process has the store open, or the device is in use",
    PERMISSION + ":only root may do that",
  };

  private ExitCode() {}
}
