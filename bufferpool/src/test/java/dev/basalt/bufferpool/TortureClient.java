// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * One of several clients that do random things to one pool and compare with a model: for each page
 * the stamp it must have, written under the page's exclusive latch.
 *
 * <p>Every eighth page is freed and created again now and then. A stale reader may come across a
 * free page, whatever it holds; a page that was not free meanwhile must never look damaged.
 */
final class TortureClient {
  private static final long FREE = -1;
  private static final long BEING_CREATED = -2;
  private static final int BATCH_MAX = 24;

  /** What all clients of a pool share. */
  static final class Model {
    final AtomicLongArray stamps = new AtomicLongArray(PoolFixture.PAGE_COUNT);
    final AtomicLongArray lives = new AtomicLongArray(PoolFixture.PAGE_COUNT);
    final AtomicLong log = new AtomicLong();

    Model() {
      for (int i = 0; i < PoolFixture.PAGE_COUNT; i++) {
        stamps.set(i, FREE);
      }
    }

    boolean isFree(int pageId) {
      return stamps.get(pageId) < 0;
    }
  }

  private final PoolFixture fixture;
  private final BufferPool pool;
  private final Model model;
  private final Random random;
  private final int pageCount;
  private final long[] batch = new long[BATCH_MAX];

  TortureClient(PoolFixture fixture, Model model, int pageCount, long seed) {
    this.fixture = fixture;
    this.pool = fixture.pool;
    this.model = model;
    this.pageCount = pageCount;
    random = new Random(seed);
  }

  /** Creates all pages. */
  void load() throws IOException {
    for (int i = 0; i < pageCount; i++) {
      create(i);
    }
  }

  void steps(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      step();
    }
  }

  private void step() throws IOException {
    int pageId = random.nextInt(4) == 0 ? random.nextInt(16) : random.nextInt(pageCount);
    int dice = random.nextInt(100);
    if (dice < 28) {
      tolerant(pageId, () -> readOptimistically(pageId));
    } else if (dice < 35) {
      tolerant(pageId, () -> pass(pageId));
    } else if (dice < 55) {
      tolerant(pageId, () -> readShared(pageId));
    } else if (dice < 80) {
      tolerant(pageId, () -> update(pageId));
    } else if (dice < 88) {
      tolerant(pageId, () -> upgrade(pageId));
    } else if (dice < 93) {
      churn(pageId | 7);
    } else if (dice < 96) {
      pool.prefetch(batch, neighbours(pageId));
    } else if (dice < 98) {
      fixture.gate.durable.accumulateAndGet(model.log.get() + 1, Math::max);
    } else if (dice < 99) {
      pool.writeBack(batch, neighbours(pageId));
    } else {
      tolerant(pageId, () -> readTwo(pageId));
    }
  }

  private int neighbours(int pageId) {
    int count = 1 + random.nextInt(BATCH_MAX);
    for (int i = 0; i < count; i++) {
      batch[i] = ((long) pageId + i + random.nextInt(3)) % pageCount;
    }
    return count;
  }

  private interface Step {
    void run() throws IOException;
  }

  /** Runs a step on a page that may be free. */
  private void tolerant(int pageId, Step step) throws IOException {
    long life = model.lives.get(pageId);
    boolean wasFree = model.isFree(pageId);
    try {
      step.run();
    } catch (DamagedPageException e) {
      if (!wasFree && !model.isFree(pageId) && life == model.lives.get(pageId)) {
        throw e;
      }
    }
  }

  private void readOptimistically(int pageId) throws IOException {
    compare(pageId, pool.optimistic(pageId), fixture::readOptimistically);
  }

  private void pass(int pageId) throws IOException {
    compare(pageId, pool.passing().optimistic(pageId), fixture::pass);
  }

  private void compare(int pageId, long token, PoolFixture.Reading reading) throws IOException {
    long before = model.stamps.get(pageId);
    if (before < 0 || !pool.validate(pageId, token)) {
      return; // free, or changing
    }
    long stamp = reading.of(pageId);
    if (pool.validate(pageId, token)) {
      assertEquals(before, stamp);
    }
  }

  private void readShared(int pageId) throws IOException {
    pool.latchShared(pageId);
    try {
      check(pageId);
    } finally {
      pool.unlatchShared(pageId);
    }
  }

  /** Reads another page while one is latched; ascending, as latches are taken. */
  private void readTwo(int pageId) throws IOException {
    int other = pageId + 1 + random.nextInt(8);
    pool.latchShared(pageId);
    try {
      check(pageId);
      if (other < pageCount) {
        tolerant(other, () -> readShared(other));
      }
      check(pageId);
    } finally {
      pool.unlatchShared(pageId);
    }
  }

  private void update(int pageId) throws IOException {
    pool.latchExclusive(pageId);
    change(pageId);
  }

  private void upgrade(int pageId) throws IOException {
    long token = pool.optimistic(pageId);
    long stamp = model.stamps.get(pageId);
    if (pool.validate(pageId, token) && pool.tryUpgrade(pageId, token)) {
      assertEquals(stamp, model.stamps.get(pageId));
      change(pageId);
    }
  }

  private void change(int pageId) {
    boolean changed = false;
    try {
      check(pageId);
      if (!model.isFree(pageId) && random.nextInt(8) > 0) {
        stamp(pageId);
        changed = true;
      }
    } finally {
      pool.unlatchExclusive(pageId, changed);
    }
  }

  private void churn(int pageId) throws IOException {
    if (pageId >= pageCount) {
      return;
    }
    if (model.isFree(pageId)) {
      create(pageId);
      return;
    }
    tolerant(
        pageId,
        () -> {
          pool.latchExclusive(pageId);
          if (model.isFree(pageId)) {
            pool.unlatchExclusive(pageId, false);
          } else {
            check(pageId);
            model.lives.incrementAndGet(pageId);
            model.stamps.set(pageId, FREE);
            pool.discard(pageId);
          }
        });
  }

  private void create(int pageId) throws IOException {
    if (model.stamps.compareAndSet(pageId, FREE, BEING_CREATED)) {
      pool.create(pageId);
      assertEquals(0, PageHeader.lsn(pool.address(pageId)));
      stamp(pageId);
      pool.unlatchExclusive(pageId, true);
    }
  }

  private void stamp(int pageId) {
    long lsn = model.log.incrementAndGet();
    PageHeader.lsn(pool.address(pageId), lsn);
    fixture.write(pageId, lsn);
    model.stamps.set(pageId, lsn);
  }

  /** Compares a page that the caller has latched, unless it is free. */
  private void check(int pageId) {
    long expected = model.stamps.get(pageId);
    if (expected >= 0) {
      assertEquals(expected, fixture.checked(pageId), "page " + pageId);
    }
  }

  /** Compares all pages in memory, then in another pool over the same device. */
  void verifyAll() throws IOException {
    fixture.gate.durable.set(Long.MAX_VALUE);
    pool.writeBackAll();
    for (int i = 0; i < pageCount; i++) {
      if (!model.isFree(i)) {
        assertEquals(model.stamps.get(i), fixture.read(i));
      }
    }
    try (BufferPool other = fixture.reopen()) {
      for (int i = 0; i < pageCount; i++) {
        if (!model.isFree(i)) {
          other.latchShared(i);
          assertEquals(model.stamps.get(i), PageHeader.lsn(other.address(i)));
          other.unlatchShared(i);
        }
      }
    }
    fixture.assertNoViolation();
  }
}
