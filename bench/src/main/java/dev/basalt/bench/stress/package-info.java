// SPDX-License-Identifier: Apache-2.0
/**
 * jcstress tests of the lock-free classes, against the shipped classes.
 *
 * <p>They are in no package of those classes because this module is on the class path; what they
 * test is exported to them at run time by {@code scripts/bench jcstress}.
 */
@NullMarked
package dev.basalt.bench.stress;

import org.jspecify.annotations.NullMarked;
