// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class IoStatusTest {
  @Test
  void shouldKeepErrnoBesideStatus() {
    int status = IoStatus.withErrno(IoStatus.UNRECOVERED_READ_ERROR, 5);
    assertEquals(5, IoStatus.errno(status));
    assertEquals(2, IoStatus.codeType(status));
    assertEquals(0x81, IoStatus.code(status));
    assertEquals("unrecovered read error (SCT 2h, SC 81h, errno 5)", IoStatus.describe(status));
  }

  @Test
  void shouldTellRetryable() {
    assertTrue(IoStatus.isRetryable(IoStatus.of(0, 6, false)));
    assertFalse(IoStatus.isRetryable(IoStatus.of(0, 6, true)));
    assertFalse(IoStatus.isRetryable(IoStatus.of(0, 0, false)));
  }
}
