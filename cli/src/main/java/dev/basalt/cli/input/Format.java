// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

/** The formats an input may have. */
public enum Format {
  /** Lines of key, tab, value. */
  TSV,

  /** Comma-separated values. */
  CSV,

  /** A JSON object a line. */
  JSONL
}
