// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import dev.basalt.iostack.sim.SimulationPlan.Latencies;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A tree over a pool over a simulated device, with a log in memory. */
final class TreeFixture implements AutoCloseable {
  static final int PAGE = 4096;

  final RecordingLog log = new RecordingLog();
  final BlockDevice device;
  final IoStack io;
  final BufferPool pool;
  final PageSpace space;
  final BTree tree;
  final SearchKey key = new SearchKey();
  final ValueBuffer value = new ValueBuffer();

  TreeFixture(int poolPages, long pageCount, Execution execution) throws IOException {
    this(simulated(pageCount, execution), poolPages, pageCount, execution);
  }

  private TreeFixture(BlockDevice device, int poolPages, long pageCount, Execution execution)
      throws IOException {
    this.device = device;
    io = IoStack.start(device, new IoStackConfig(1, 32, 64), execution);
    long poolBytes = (long) poolPages * PAGE;
    pool =
        BufferPool.open(new BufferPoolConfig(PAGE, 0, pageCount, poolBytes, 0), io, log, execution);
    space = new PageSpace(pool, log, PAGE, pageCount);
    log.isKeeping = true;
    space.format(key);
    tree = BTree.open(space, BTree.create(space, key));
    log.isKeeping = false;
  }

  private static BlockDevice simulated(long pageCount, Execution execution) {
    SimulationPlan plan = SimulationPlan.of(1);
    if (execution.equals(Execution.threads())) {
      plan = plan.withLatencies(new Latencies(1, 1, 1, 0));
    }
    return new SimulatedDevice(SimulatedGeometry.of(pageCount * PAGE), plan, execution);
  }

  static TreeFixture inMemory(int pages) throws IOException {
    return new TreeFixture(pages, pages, Execution.threads());
  }

  static TreeFixture withTinyPool(long pageCount) throws IOException {
    return new TreeFixture(BufferPoolConfig.POOL_PAGES_MIN, pageCount, Execution.threads());
  }

  /** Opens an empty device of the caller's, which the fixture closes. */
  static TreeFixture withTinyPool(BlockDevice device) throws IOException {
    long pageCount = device.blockCount() * device.capabilities().blockBytes() / PAGE;
    return new TreeFixture(device, BufferPoolConfig.POOL_PAGES_MIN, pageCount, Execution.threads());
  }

  boolean put(byte[] k, byte[] v) throws IOException {
    return tree.put(key.set(k), value.set(v), log.nextLsn());
  }

  boolean delete(byte[] k) throws IOException {
    return tree.delete(key.set(k), log.nextLsn());
  }

  byte @Nullable [] get(byte[] k) throws IOException {
    return tree.get(key.set(k), value) ? value.toByteArray() : null;
  }

  static byte[] bytes(long number) {
    return ByteBuffer.allocate(8).putLong(number).array();
  }

  TreeVerifier verified() {
    TreeVerifier verifier = new TreeVerifier(space);
    verifier.verify(tree);
    verifier.verifySpace();
    assertEquals(List.of(), verifier.problems().stream().limit(5).toList());
    return verifier;
  }

  @Override
  public void close() {
    pool.close();
    io.close();
    device.close();
  }
}
