// SPDX-License-Identifier: Apache-2.0
/** The basalt command. */
@NullMarked
package dev.basalt.cli;

import org.jspecify.annotations.NullMarked;
