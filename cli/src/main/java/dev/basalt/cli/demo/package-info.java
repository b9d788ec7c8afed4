// SPDX-License-Identifier: Apache-2.0
/**
 * What {@code scripts/demo} and {@code scripts/crash-loop} run: a tour on this machine's own files,
 * and writers that are killed while they write. Read {@link dev.basalt.cli.demo.History} for how
 * acknowledged writes are checked.
 */
@NullMarked
package dev.basalt.cli.demo;

import org.jspecify.annotations.NullMarked;
