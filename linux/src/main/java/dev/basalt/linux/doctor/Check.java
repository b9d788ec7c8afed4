// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

/** Looks at one thing. */
@FunctionalInterface
interface Check {
  /** Judges what is known of a host. */
  Finding of(HostFacts facts);
}
