// SPDX-License-Identifier: Apache-2.0
/**
 * Looks at a host for what Basalt's back ends need: one {@code Check} for each line of the page,
 * {@code BackEnds} for what can drive a device, {@code Doctor} for all of it. Everything is a
 * function of {@code HostFacts}, so that tests fake whole hosts. Runs on its caller's thread.
 */
@NullMarked
package dev.basalt.linux.doctor;

import org.jspecify.annotations.NullMarked;
