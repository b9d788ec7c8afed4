// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

/** How much a finding matters, least first. */
public enum Severity {
  /** As it should be. */
  OK,
  /** Worth knowing; nothing to do for what was asked. */
  NOTE,
  /** It works; this would make it faster or safer. */
  ADVICE,
  /** It keeps a back end from what was asked. */
  PROBLEM
}
