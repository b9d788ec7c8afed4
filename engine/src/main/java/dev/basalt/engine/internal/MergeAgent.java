// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.engine.StoreClosedException;
import dev.basalt.engine.internal.wal.Wal;
import dev.basalt.index.LeafMerger;
import dev.basalt.index.MergeConfig;
import dev.basalt.index.MergeStatistics;
import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * Merges sparse leaves that are about to be evicted with their siblings.
 *
 * <p>The pool says which pages it has marked. A page names no tree, so the leaf is looked for in
 * the trees, the last one that had such a leaf first. While nothing comes of it, ever fewer pages
 * are looked at, down to one in 64; the first merge ends that.
 *
 * <p><b>Concurrency.</b> An agent. It passes the gate as a writer does for each sparse leaf, so
 * that it changes nothing while writers are paused or after the store was closed. It waits for
 * neither log space nor leaves.
 */
final class MergeAgent implements Agent {
  private static final System.Logger LOGGER = System.getLogger(MergeAgent.class.getName());
  private static final int PAGES_PER_CYCLE_MAX = 64;

  /** In how many trees a leaf is looked for. */
  private static final int TREES_MAX = 16;

  /** After so many pages in a row in vain, half as many are looked at. */
  private static final int IN_VAIN_MAX = 32;

  private static final int SKIP_SHIFT_MAX = 6;

  private final BufferPool pool;
  private final Wal wal;
  private final StoreSpace space;
  private final Tables tables;
  private final OperationGate<Operation> gate;
  private final StoreFailure failure;
  private final CommitBounds bounds;
  private final LeafMerger merger;
  private final boolean isOn;
  private @Nullable AgentHandle handle;
  private TableTree[] trees = {};

  /** Index of the tree in which a leaf was found last. */
  private int lastTree;

  private long offered;
  private int skipShift;
  private int inVain;
  private boolean hasWarned;

  MergeAgent(
      StoreParts parts,
      StoreSpace space,
      Tables tables,
      OperationGate<Operation> gate,
      StoreFailure failure,
      MergeConfig config) {
    pool = parts.pool();
    wal = parts.wal();
    this.space = space;
    this.tables = tables;
    this.gate = gate;
    this.failure = failure;
    bounds = new CommitBounds(parts.layout().pageBytes());
    merger = new LeafMerger(space.pages(), config);
    isOn = config.isOn();
  }

  /** Starts the agent unless merges are switched off. Called once, after recovery. */
  void start(Execution execution) {
    if (!isOn) {
      return;
    }
    AgentHandle started = execution.start("leaf-merger", this);
    handle = started;
    pool.whenCooling(started::wake);
  }

  MergeStatistics statistics() {
    return merger.statistics();
  }

  @Override
  public int doWork() {
    int done = 0;
    while (done < PAGES_PER_CYCLE_MAX && !failure.isPoisoned()) {
      long pageId = pool.pollCooling();
      if (pageId == BufferPool.NO_PAGE) {
        break;
      }
      done++;
      if ((++offered & (1L << skipShift) - 1) == 0) {
        note(tryMerge(pageId));
      }
    }
    return done;
  }

  private void note(boolean isMerged) {
    if (isMerged) {
      skipShift = 0;
      inVain = 0;
    } else if (++inVain == IN_VAIN_MAX) {
      skipShift = Math.min(skipShift + 1, SKIP_SHIFT_MAX);
      inVain = 0;
    }
  }

  private boolean tryMerge(long pageId) {
    if (!merger.isSparse(pageId)) {
      return false;
    }
    Operation op;
    try {
      op = gate.enterWriter();
    } catch (StoreClosedException _) {
      return false; // the agent is about to be closed as well
    }
    try {
      TableTree table = treeOfLeaf();
      return table != null && tryMerge(table);
    } catch (IOException e) {
      noteUnread(e);
      return false;
    } catch (RuntimeException e) {
      failure.poison(e);
      return false;
    } catch (Throwable e) { // Whatever ends the agent must reach those who use the store.
      failure.poison(e);
      throw e;
    } finally {
      gate.exit(op);
    }
  }

  /**
   * A merge that could not read a page is left out: whoever needs the page is told, and a log or a
   * pool that has failed tells the store itself.
   */
  private void noteUnread(IOException e) {
    if (!hasWarned) {
      hasWarned = true;
      LOGGER.log(Level.WARNING, "leaves are not merged where pages cannot be read", e);
    }
  }

  private @Nullable TableTree treeOfLeaf() {
    if (trees.length != tables.count()) {
      trees = tables.all().values().toArray(new TableTree[0]);
    }
    for (int i = 0; i < Math.min(trees.length, TREES_MAX); i++) {
      int index = (lastTree + i) % trees.length;
      if (merger.isOf(trees[index].tree())) {
        lastTree = index;
        return trees[index];
      }
    }
    lastTree = (lastTree + TREES_MAX) % Math.max(1, trees.length); // others have their turn
    return null;
  }

  private boolean tryMerge(TableTree table) throws IOException {
    int steps = merger.choose(table.tree());
    if (steps == 0) {
      return false;
    }
    long bytes = bounds.mergeLogBytes(table.tree().height(), steps, space.pages().pageLimit());
    if (!wal.tryAdmit(bytes)) {
      return false;
    }
    try {
      return merger.merge(table.tree(), steps);
    } finally {
      wal.release(bytes);
    }
  }

  @Override
  public boolean hasWork() {
    return pool.hasCooling() && !failure.isPoisoned();
  }

  /** Ends the agent. Idempotent. */
  void close() {
    AgentHandle started = handle;
    if (started != null) {
      started.close();
    }
  }
}
