// SPDX-License-Identifier: Apache-2.0
/** Block devices, queue pairs, pollers and the simulated device. */
@NullMarked
package dev.basalt.iostack;

import org.jspecify.annotations.NullMarked;
