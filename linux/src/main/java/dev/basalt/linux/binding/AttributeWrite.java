// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

/**
 * A text that is written to a file of sysfs.
 *
 * @param path the file, as the host has it
 * @param value the text; empty for a line without any, which clears an override
 */
public record AttributeWrite(String path, String value) {
  @Override
  public String toString() {
    return "echo " + (value.isEmpty() ? "" : value + " ") + "> " + path;
  }
}
