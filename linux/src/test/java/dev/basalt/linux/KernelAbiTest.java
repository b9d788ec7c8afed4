// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/**
 * Sizes and offsets as gcc reports them for linux/io_uring.h, linux/nvme_ioctl.h and linux/stat.h
 * (x86-64).
 */
class KernelAbiTest {
  @Test
  void shouldMatchSubmissionEntry() {
    assertEquals(64, SubmissionEntry.SIZE_BYTES);
    assertEquals(8, SubmissionEntry.OFFSET_OFFSET);
    assertEquals(16, SubmissionEntry.ADDRESS_OFFSET);
    assertEquals(24, SubmissionEntry.LENGTH_OFFSET);
    assertEquals(32, SubmissionEntry.USER_DATA_OFFSET);
    assertEquals(40, SubmissionEntry.BUFFER_INDEX_OFFSET);
    assertEquals(48, SubmissionEntry.COMMAND_OFFSET);
    assertEquals(46, SubmissionEntry.OP_URING_CMD);
    assertEquals(
        2 * SubmissionEntry.SIZE_BYTES,
        SubmissionEntry.COMMAND_OFFSET + SubmissionEntry.COMMAND_BYTES);
  }

  @Test
  void shouldMatchNvmeCommands() {
    assertEquals(72, NvmeCommandAbi.SIZE_BYTES);
    assertEquals(0xc0484e80, NvmeCommandAbi.URING_COMMAND);
    assertEquals(0xc0484e41L, NvmeCommandAbi.IOCTL_ADMIN);
    assertEquals(0x4e40, NvmeCommandAbi.IOCTL_ID);
    assertEquals(4, NvmeCommandAbi.NAMESPACE_OFFSET);
    assertEquals(24, NvmeCommandAbi.ADDRESS_OFFSET);
    assertEquals(36, NvmeCommandAbi.LENGTH_OFFSET);
    assertEquals(40, NvmeCommandAbi.DWORD10_OFFSET);
    assertEquals(64, NvmeCommandAbi.TIMEOUT_OFFSET);
    assertEquals(68, NvmeCommandAbi.RESULT_OFFSET);
  }

  @Test
  void shouldMatchRingParameters() {
    assertEquals(120, IoUringAbi.PARAMS_BYTES);
    assertEquals(40, IoUringAbi.PARAMS_SQ_OFFSETS);
    assertEquals(80, IoUringAbi.PARAMS_CQ_OFFSETS);
    assertEquals(20, IoUringAbi.PARAMS_FEATURES);
    assertEquals(24, IoUringAbi.GETEVENTS_ARGUMENT_BYTES);
    assertEquals(16, IoUring.COMPLETION_BYTES);
  }

  @Test
  void shouldMatchStatx() {
    assertEquals(256, StatxBuffer.SIZE_BYTES);
    assertEquals(152, StatxBuffer.MEMORY_ALIGNMENT_OFFSET);
    assertEquals(156, StatxBuffer.OFFSET_ALIGNMENT_OFFSET);
    assertEquals(128, StatxBuffer.REAL_DEVICE_MAJOR_OFFSET);
  }

  @Test
  void shouldPackEntries() {
    assertEquals(0x00000001_00000116L, SubmissionEntry.head(SubmissionEntry.OP_READ, 1));
    assertEquals(
        0xffffffff_0000000eL, SubmissionEntry.headWithoutFile(SubmissionEntry.OP_ASYNC_CANCEL));
    assertEquals(0x00000001_00001000L, SubmissionEntry.lengthAndFlags(4096, 1));
  }
}
