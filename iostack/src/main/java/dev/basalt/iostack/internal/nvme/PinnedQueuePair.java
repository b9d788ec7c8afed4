// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.nvme.ControllerIdentity;

/**
 * A queue pair for a namespace that takes addresses within its own memory only; {@code
 * StagingQueuePair} over it takes any. Says which NVMe command each call is.
 */
interface PinnedQueuePair extends QueuePair {
  /** Returns what the controller can do. */
  ControllerIdentity controllerIdentity();

  /**
   * Queues a command with data; parameters as {@link #tryRead}.
   *
   * @return false when the queue is full
   */
  boolean tryTransfer(int opcode, long lba, int lbaCount, long address, long tag);

  /**
   * Queues a command on a range of blocks, without data of the caller; a write is of zeroes.
   *
   * @param lbaCount how many blocks, as many as the namespace has; ignored by a flush
   * @return false when the queue is full
   */
  boolean tryRange(int opcode, long lba, long lbaCount, long tag);

  @Override
  default boolean tryRead(long lba, int lbaCount, long address, long tag) {
    return tryTransfer(READ, lba, lbaCount, address, tag);
  }

  @Override
  default boolean tryWrite(long lba, int lbaCount, long address, long tag) {
    return tryTransfer(WRITE, lba, lbaCount, address, tag);
  }

  /** Never called: transfers of several pieces are staged. */
  @Override
  default boolean tryReadVectored(long lba, IoVector vector, long tag) {
    throw new UnsupportedOperationException("the staging queue pair makes one piece of several");
  }

  /** Never called: transfers of several pieces are staged. */
  @Override
  default boolean tryWriteVectored(long lba, IoVector vector, long tag) {
    throw new UnsupportedOperationException("the staging queue pair makes one piece of several");
  }

  /** A flush in place of a hint that the controller does not know: no block changes. */
  @Override
  default boolean tryDeallocate(long lba, long lbaCount, long tag) {
    boolean isKnown = controllerIdentity().canDeallocate();
    return tryRange(isKnown ? DATASET_MANAGEMENT : FLUSH, lba, lbaCount, tag);
  }

  @Override
  default boolean tryWriteZeroes(long lba, long lbaCount, long tag) {
    boolean isKnown = controllerIdentity().canWriteZeroes();
    return tryRange(isKnown ? WRITE_ZEROES : WRITE, lba, lbaCount, tag);
  }
}
