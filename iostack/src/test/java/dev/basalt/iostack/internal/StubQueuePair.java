// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A queue pair without a device: completes what and when the test says. */
final class StubQueuePair implements QueuePair {
  final ArrayDeque<Long> tags = new ArrayDeque<>();

  /** How the next commands end; those beyond it succeed. */
  final ArrayDeque<Integer> statuses = new ArrayDeque<>();

  /** Of the transfers queued. */
  final List<Long> addresses = new ArrayList<>();

  final int depth;
  volatile int completeCountMax;
  volatile @Nullable RuntimeException failure;
  volatile boolean isClosed;
  int room;
  int submitCount;
  int wakeCount;

  StubQueuePair(int depth) {
    this.depth = depth;
    room = depth;
  }

  @Override
  public int depth() {
    return depth;
  }

  @Override
  public int inFlight() {
    return tags.size();
  }

  @Override
  public boolean tryRead(long lba, int lbaCount, long address, long tag) {
    addresses.add(address);
    return tryQueue(tag);
  }

  @Override
  public boolean tryWrite(long lba, int lbaCount, long address, long tag) {
    addresses.add(address);
    return tryQueue(tag);
  }

  @Override
  public boolean tryReadVectored(long lba, IoVector vector, long tag) {
    return tryQueue(tag);
  }

  @Override
  public boolean tryWriteVectored(long lba, IoVector vector, long tag) {
    return tryQueue(tag);
  }

  @Override
  public boolean tryFlush(long tag) {
    return tryQueue(tag);
  }

  @Override
  public boolean tryDeallocate(long lba, long lbaCount, long tag) {
    return tryQueue(tag);
  }

  @Override
  public boolean tryWriteZeroes(long lba, long lbaCount, long tag) {
    return tryQueue(tag);
  }

  @Override
  public boolean tryCancel(long tag) {
    return false;
  }

  @Override
  public void submit() {
    submitCount++;
  }

  @Override
  public int poll(CompletionSink sink, int max) {
    RuntimeException reason = failure;
    if (reason != null) {
      throw reason;
    }
    int count = 0;
    while (count < Math.min(max, completeCountMax) && !tags.isEmpty()) {
      int status = statuses.isEmpty() ? IoStatus.SUCCESS : statuses.remove();
      sink.onCompletion(tags.remove(), status);
      count++;
    }
    return count;
  }

  @Override
  public void sleep(long nanos) {
    Thread.onSpinWait();
  }

  @Override
  public void wake() {
    wakeCount++;
  }

  @Override
  public void close() {
    isClosed = true;
  }

  private boolean tryQueue(long tag) {
    return tags.size() < Math.min(depth, room) && tags.add(tag);
  }
}
