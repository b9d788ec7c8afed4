// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

/**
 * Bytes that went one way and the other.
 *
 * @param readBytes bytes read
 * @param writtenBytes bytes written
 */
public record Traffic(long readBytes, long writtenBytes) {
  /** What has come since an earlier count. */
  Traffic since(Traffic earlier) {
    return new Traffic(readBytes - earlier.readBytes, writtenBytes - earlier.writtenBytes);
  }
}
