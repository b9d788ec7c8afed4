// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.bufferpool.BufferPoolStatistics;
import dev.basalt.engine.StoreStatistics;
import dev.basalt.index.MergeStatistics;
import dev.basalt.index.TreeContention;
import dev.basalt.iostack.IoStackStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Collects the counters of all layers under their names. */
final class EngineStatistics {
  private final Map<String, Long> counters = new LinkedHashMap<>();

  StoreStatistics collect(
      StoreParts parts,
      StoreSpace space,
      Tables tables,
      Checkpointer checkpointer,
      MergeAgent merges,
      List<OperationCounters> slots) {
    addOperations(slots);
    addStore(parts, space);
    addHotPages(checkpointer.hotPages());
    addIndex(tables);
    addMerges(merges.statistics());
    addLog(parts, checkpointer);
    addPool(parts.pool().statistics());
    addDevice(parts.io().statistics());
    return new StoreStatistics(parts.device().capabilities().description(), counters);
  }

  private void addOperations(List<OperationCounters> slots) {
    String[] names = {"gets", "puts", "deletes", "batches", "conditional"};
    for (int which = 0; which < OperationCounters.COUNT; which++) {
      long sum = 0;
      for (OperationCounters slot : slots) {
        sum += slot.get(which);
      }
      counters.put("operations." + names[which], sum);
    }
  }

  private void addStore(StoreParts parts, StoreSpace space) {
    long limit = space.pages().pageLimit();
    counters.put("store.pageBytes", (long) parts.layout().pageBytes());
    counters.put("store.pages", limit);
    counters.put("store.pagesFree", space.pages().availablePages());
    counters.put("store.bytes", parts.layout().withPageCount(limit).endBytes());
  }

  private void addHotPages(HotPages hotPages) {
    counters.put("store.hotPagesSaved", hotPages.savedCount());
    counters.put("store.hotPagesAsked", hotPages.askedCount());
    counters.put("store.hotPageBlocksIgnored", hotPages.ignoredBlocks());
    counters.put("store.warming", hotPages.isWarming() ? 1L : 0L);
  }

  private void addIndex(Tables tables) {
    long sampled = 0;
    long contended = 0;
    long splits = 0;
    for (TreeContention tree : tables.contention().values()) {
      sampled += tree.sampledUpdates();
      contended += tree.contendedUpdates();
      splits += tree.splits();
    }
    counters.put("index.updatesSampled", sampled);
    counters.put("index.updatesContended", contended);
    counters.put("index.contentionSplits", splits);
  }

  private void addMerges(MergeStatistics merges) {
    counters.put("index.sparseLeaves", merges.sparseLeaves());
    counters.put("index.merges", merges.merges());
    counters.put("index.mergeMoves", merges.moves());
    counters.put("index.mergesGivenUp", merges.givenUp());
  }

  private void addLog(StoreParts parts, Checkpointer checkpointer) {
    counters.put("log.bytes", parts.layout().logBytes());
    counters.put("log.appendedLsn", parts.wal().appendedLsn());
    counters.put("log.durableLsn", parts.wal().durableLsn());
    counters.put("log.checkpoints", checkpointer.completed());
    counters.put("log.spaceWaits", parts.wal().statistics().spaceWaits());
    counters.put("log.openedLsn", parts.logEnd().endLsn());
    counters.put("log.recoveredRecords", parts.logEnd().recordCount());
  }

  private void addPool(BufferPoolStatistics pool) {
    counters.put("pool.frames", (long) pool.frameCount());
    counters.put("pool.resident", (long) pool.residentCount());
    counters.put("pool.dirty", pool.dirtyCountEstimate());
    counters.put("pool.misses", pool.misses());
    counters.put("pool.pagesRead", pool.pagesRead());
    counters.put("pool.pagesPrefetched", pool.pagesPrefetched());
    counters.put("pool.prefetchCommands", pool.prefetchCommands());
    counters.put("pool.pagesWritten", pool.pagesWritten());
    counters.put("pool.writeCommands", pool.writeCommands());
    counters.put("pool.pagesDropped", pool.pagesDropped());
    counters.put("pool.stalls", pool.stalls());
    counters.put("pool.latchWaits", pool.latchWaits());
    counters.put("pool.hugeBytes", pool.hugeBytes());
  }

  private void addDevice(IoStackStatistics io) {
    counters.put("io.reads", io.reads());
    counters.put("io.writes", io.writes());
    counters.put("io.others", io.others());
    counters.put("io.errors", io.errors());
    counters.put("io.batches", io.batches());
    counters.put("io.sleeps", io.sleeps());
    counters.put("io.roomWaits", io.roomWaits());
  }
}
