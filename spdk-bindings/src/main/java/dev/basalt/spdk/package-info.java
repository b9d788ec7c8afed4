// SPDX-License-Identifier: Apache-2.0
/** Drivers in C through {@code native/include/basalt_driver.h}: loading, devices, queues. */
@NullMarked
package dev.basalt.spdk;

import org.jspecify.annotations.NullMarked;
