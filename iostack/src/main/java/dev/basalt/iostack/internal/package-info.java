// SPDX-License-Identifier: Apache-2.0
/**
 * Behind {@code iostack}: pollers and back ends. Start with {@code Poller}; each class says which
 * thread runs it.
 */
@NullMarked
package dev.basalt.iostack.internal;

import org.jspecify.annotations.NullMarked;
