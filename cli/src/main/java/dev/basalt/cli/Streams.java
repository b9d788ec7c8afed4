// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import java.io.InputStream;
import java.io.PrintWriter;

/**
 * The standard streams of a command.
 *
 * @param in standard input
 * @param out standard output
 * @param err for messages and progress; flushed by each line
 * @param isTerminal whether a person watches {@code err}
 */
record Streams(InputStream in, Output out, PrintWriter err, boolean isTerminal) {}
