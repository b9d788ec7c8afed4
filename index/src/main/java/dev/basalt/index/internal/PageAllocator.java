// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.PageRun;
import dev.basalt.index.SpaceExhaustedException;
import dev.basalt.index.StructureLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Allocates and frees pages as part of structure changes, by deltas of the space map.
 *
 * <p>A step first chooses pages ({@link #choose}) or latches the maps of pages to free ({@link
 * #latchMaps}), both before it enters the log's section, and then logs the change ({@link
 * #logAllocated}, {@link #logFreed}).
 *
 * <p><b>Concurrency.</b> The latch of page 0, taken first, guards the counts here and orders the
 * latches of all maps; it is taken after all latches of tree pages. Reservations are atomic.
 */
public final class PageAllocator {
  private static final int MAPS_PER_STEP_MAX = 10;
  private static final int JOINED_EXTENTS_MAX = 512;

  /** Of a store's pages, one in so many is not reserved; see {@link #heldBack}. */
  private static final int HELD_BACK_DIVISOR = 64;

  private static final int HELD_BACK_MIN = 16;
  private static final int HELD_BACK_MAX = 256;

  /** What a record has beside extents and images, at most. */
  private static final int RECORD_OVERHEAD_BYTES = 1024;

  private final BufferPool pool;
  private final StructureLog log;
  private final int pageBytes;
  private final int groupPages;
  private final AtomicLong available = new AtomicLong();
  private volatile long limit;
  private int[] groupFree = new int[0];
  private int[] groupHint = new int[0];
  private int groupCount;
  private int currentGroup;
  private int newGroup = -1;

  /** Whether pages were chosen beyond free ones, so that the hint must stay. */
  private boolean keepsHint;

  /**
   * Creates the allocator of a store; {@link #load} before use.
   *
   * @param pool the pages
   * @param log the log
   * @param pageBytes the page size
   * @param limit page ids below it may be used
   */
  public PageAllocator(BufferPool pool, StructureLog log, int pageBytes, long limit) {
    this.pool = pool;
    this.log = log;
    this.pageBytes = pageBytes;
    this.limit = limit;
    groupPages = SpaceMap.groupPages(pageBytes);
  }

  /**
   * Writes the map of an empty store: one structure record.
   *
   * @param work working memory
   * @throws IOException when the log or the pool has failed
   */
  public void format(TreeWork work) throws IOException {
    StructureStep step = work.step;
    step.begin(pool, log);
    try {
      step.create(0);
      step.enter();
      SpaceMap.initialize(pool.address(0), pageBytes);
      SpaceMap.groupCount(pool.address(0), 1);
      step.image(0);
      step.commit();
    } finally {
      step.end();
    }
    load();
  }

  /**
   * Reads how many pages are free. Nothing may be allocated meanwhile.
   *
   * @throws IOException when a map cannot be read
   */
  public void load() throws IOException {
    pool.latchExclusive(0);
    try {
      groupCount = Math.toIntExact(SpaceMap.groupCount(pool.address(0)));
      groupFree = new int[Math.max(4, groupCount)];
      groupHint = new int[groupFree.length];
      long free = 0;
      for (int group = 0; group < groupCount; group++) {
        groupFree[group] = bitLimit(group) - allocatedCount(group);
        free += groupFree[group];
      }
      available.set(free + unformattedPages(limit));
    } finally {
      pool.unlatchExclusive(0, false);
    }
  }

  /**
   * Tells whether a page is in use.
   *
   * @param pageId the page
   * @return whether its map says so; false where there is no map yet
   * @throws IOException when the map cannot be read
   */
  public boolean isAllocated(long pageId) throws IOException {
    pool.latchShared(0);
    try {
      int group = groupOf(pageId);
      return group < groupCount && isMarked(group, pageId);
    } finally {
      pool.unlatchShared(0);
    }
  }

  private boolean isMarked(int group, long pageId) throws IOException {
    int bit = (int) (pageId % groupPages);
    if (group == 0) {
      return SpaceMap.isAllocated(pool.address(0), bit);
    }
    pool.latchShared(mapOf(group));
    try {
      return SpaceMap.isAllocated(pool.address(mapOf(group)), bit);
    } finally {
      pool.unlatchShared(mapOf(group));
    }
  }

  /**
   * Raises the limit of page ids.
   *
   * @param pages the new limit; a lower one than before is ignored
   * @throws IOException when the pool has failed
   */
  public void raiseLimit(long pages) throws IOException {
    pool.latchExclusive(0);
    try {
      long before = limit;
      if (pages > before) {
        long unformatted = unformattedPages(before);
        int lastBits = groupCount == 0 ? 0 : bitLimit(groupCount - 1);
        limit = pages;
        int gained = groupCount == 0 ? 0 : bitLimit(groupCount - 1) - lastBits;
        if (groupCount > 0) {
          groupFree[groupCount - 1] += gained;
        }
        available.addAndGet(gained + unformattedPages(pages) - unformatted);
      }
    } finally {
      pool.unlatchExclusive(0, false);
    }
  }

  /**
   * Sets pages aside.
   *
   * @param pages how many
   * @return false when there are fewer, those not counted that are held back
   */
  public boolean tryReserve(long pages) {
    while (true) {
      long free = available.get();
      if (free - heldBack() < pages && pages > 0) { // below while reserved pages are in use
        return false;
      }
      if (available.compareAndSet(free, free - pages)) {
        return true;
      }
    }
  }

  /**
   * Gives reserved pages back; those used meanwhile were taken from the rest.
   *
   * @param pages how many
   */
  public void release(long pages) {
    available.addAndGet(pages);
  }

  /**
   * Returns how many pages can be reserved.
   *
   * @return the count
   */
  public long availablePages() {
    return Math.max(0, available.get() - heldBack());
  }

  /**
   * Pages that nobody may reserve. Separators of a quarter of a page let a leaf and each node above
   * it be split several times for one put; who reserved less than that takes the rest from these,
   * so that a change that was logged is applied, now or by recovery.
   */
  private long heldBack() {
    return Math.clamp(limit / HELD_BACK_DIVISOR, HELD_BACK_MIN, HELD_BACK_MAX);
  }

  /**
   * Returns below which id pages may be used.
   *
   * @return the limit
   */
  public long limit() {
    return limit;
  }

  /**
   * Allocates a pending run: one structure record.
   *
   * @param work working memory
   * @param pages how many pages
   * @return the run
   * @throws IOException when there is no room, or the log or the pool has failed
   */
  public PageRun allocateRun(TreeWork work, long pages) throws IOException {
    StructureStep step = work.step;
    for (boolean isEnough = false; !isEnough; ) {
      isEnough = !tryAddGroup(step, pages);
    }
    step.begin(pool, log);
    try {
      PageExtents extents = work.extents;
      choose(step, extents, pages);
      checkRecord(extents);
      step.enter();
      logAllocated(step, extents);
      int length = extents.size() * PageDelta.EXTENT_BYTES;
      extents.write(step.marker(ChangeKind.RUN_START, length), 0, extents.size());
      long lsn = step.commit();
      return new PageRun(lsn, extents.firsts(), extents.counts());
    } finally {
      step.end();
    }
  }

  /**
   * Adds a group, by a record of its own, where pages are not to be had with one more group: a step
   * makes one at most.
   */
  private boolean tryAddGroup(StructureStep step, long pages) throws IOException {
    step.begin(pool, log);
    try {
      step.latch(0);
      int next = bitLimit(groupCount) - 1;
      if (next <= 0 || freePages() + next >= pages) {
        return false;
      }
      newGroup = groupCount;
      step.create(mapOf(newGroup));
      step.enter();
      logNewGroup(step);
      step.commit();
      return true;
    } finally {
      step.end();
    }
  }

  private long freePages() {
    return IntStream.of(groupFree).limit(groupCount).asLongStream().sum();
  }

  /** Throws when the pages are too scattered for one record: it has their extents twice. */
  private void checkRecord(PageExtents extents) throws SpaceExhaustedException {
    int images = newGroup < 0 ? 0 : 2;
    long bytes =
        RECORD_OVERHEAD_BYTES
            + (long) images * pageBytes
            + 2L * extents.size() * PageDelta.EXTENT_BYTES;
    if (bytes > log.recordBytesMax()) {
      throw new SpaceExhaustedException(extents.pages(), limit);
    }
  }

  /**
   * Starts pending runs anew and joins neighbours, as far as the joint run can still be freed in
   * one step: one structure record for each new run.
   *
   * @param work working memory
   * @param runs the runs, in the order of their allocation
   * @return the runs that have their pages now
   * @throws IOException when the log has failed
   */
  public List<PageRun> renewRuns(TreeWork work, List<PageRun> runs) throws IOException {
    List<PageRun> renewed = new ArrayList<>();
    for (int first = 0; first < runs.size(); ) {
      PageExtents extents = work.extents;
      extents.clear();
      extents.join(runs.get(first), groupPages);
      int end = first + 1;
      while (end < runs.size() && canJoin(extents, runs.get(end))) {
        extents.join(runs.get(end++), groupPages);
      }
      renewed.add(renew(work.step, extents, runs.subList(first, end)));
      first = end;
    }
    return renewed;
  }

  private PageRun renew(StructureStep step, PageExtents extents, List<PageRun> ended)
      throws IOException {
    step.begin(pool, log);
    try {
      step.enter();
      int length = extents.size() * PageDelta.EXTENT_BYTES;
      extents.write(step.marker(ChangeKind.RUN_START, length), 0, extents.size());
      for (PageRun run : ended) {
        IndexMemory.putLong(step.marker(ChangeKind.RUN_END, Long.BYTES), run.lsn());
      }
      return new PageRun(step.commit(), extents.firsts(), extents.counts());
    } finally {
      step.end();
    }
  }

  private boolean canJoin(PageExtents extents, PageRun run) {
    PageExtents both = new PageExtents();
    for (int i = 0; i < extents.size(); i++) {
      both.add(extents.first(i), extents.count(i));
    }
    both.join(run, groupPages);
    return both.size() <= JOINED_EXTENTS_MAX && mapCount(both) <= MAPS_PER_STEP_MAX;
  }

  /** Tells whether pages can be freed in one step. */
  boolean canFreeTogether(PageExtents extents) {
    return mapCount(extents) <= MAPS_PER_STEP_MAX;
  }

  private long mapCount(PageExtents extents) {
    return LongStream.of(extents.firsts()).map(first -> first / groupPages).distinct().count();
  }

  /**
   * Frees a run that nothing refers to: one structure record.
   *
   * @param work working memory
   * @param run the run
   * @throws IOException when the log or the pool has failed
   */
  public void freeRun(TreeWork work, PageRun run) throws IOException {
    StructureStep step = work.step;
    step.begin(pool, log);
    try {
      PageExtents extents = work.extents;
      extents.clear();
      for (int i = 0; i < run.firstPageIds().length; i++) {
        extents.add(run.firstPageIds()[i], run.pageCounts()[i]);
      }
      latchMaps(step, extents);
      step.enter();
      logFreed(step, extents);
      IndexMemory.putLong(step.marker(ChangeKind.RUN_END, Long.BYTES), run.lsn());
      step.commit();
    } finally {
      step.end();
    }
  }

  /** Chooses free pages and latches their maps; nothing is changed yet. */
  void choose(StructureStep step, PageExtents extents, long pages) throws IOException {
    step.latch(0);
    newGroup = -1;
    keepsHint = false;
    extents.clear();
    int maps = 0;
    while (extents.pages() < pages) {
      long rest = pages - extents.pages();
      int group = bestGroup(rest, extents);
      if (group < 0 || ++maps > MAPS_PER_STEP_MAX) {
        throw new SpaceExhaustedException(pages, limit);
      }
      if (group == groupCount) {
        newGroup = group;
        step.create(mapOf(group));
      } else {
        step.latch(mapOf(group));
      }
      chooseInGroup(group, extents, rest);
      currentGroup = group;
    }
  }

  /**
   * As {@link #choose}, but, where the group has them, pages whose state words share no cache line
   * with each other's, nor the first one with another page's: for pages that are latched at the
   * same time by different threads.
   */
  void chooseApart(StructureStep step, PageExtents extents, int pages, long otherPage)
      throws IOException {
    choose(step, extents, pages);
    int group = groupOf(extents.first(0));
    if (newGroup >= 0) {
      return;
    }
    long map = pool.address(mapOf(group));
    int bitEnd = bitLimit(group);
    int[] bits = new int[pages];
    int line = SpaceMap.lineOf(otherPage - mapOf(group));
    int bit = groupHint[group];
    for (int i = 0; i < pages; i++) {
      bit = SpaceMap.nextFree(map, bit, bitEnd);
      if (bit < bitEnd && SpaceMap.lineOf(bit) == line) {
        bit =
            SpaceMap.nextFree(map, Math.min(bitEnd, (line + 1) * SpaceMap.PAGES_PER_LINE), bitEnd);
      }
      if (bit >= bitEnd) {
        return; // as chosen before
      }
      line = SpaceMap.lineOf(bit);
      bits[i] = bit++;
    }
    extents.clear();
    for (int i = 0; i < pages; i++) {
      extents.add(mapOf(group) + bits[i], 1);
    }
    keepsHint = true;
  }

  /** Latches the maps of pages that will be freed. */
  void latchMaps(StructureStep step, PageExtents extents) throws IOException {
    step.latch(0);
    for (int i = 0; i < extents.size(); i++) {
      step.latch(mapOf(groupOf(extents.first(i))));
    }
  }

  void logAllocated(StructureStep step, PageExtents extents) throws IOException {
    if (newGroup >= 0) {
      logNewGroup(step);
    }
    logExtents(step, extents, ChangeKind.MAP_SET, -1);
    available.addAndGet(-extents.pages());
  }

  /** Logs pages as free; their order is by group then. */
  void logFreed(StructureStep step, PageExtents extents) throws IOException {
    // Joined runs, and what a load leaves of several, may come back to a group; a second delta of
    // its map in one record would not be redone.
    extents.sort();
    logExtents(step, extents, ChangeKind.MAP_CLEAR, 1);
    available.addAndGet(extents.pages());
  }

  private void logExtents(StructureStep step, PageExtents extents, int kind, int sign)
      throws IOException {
    int limitIndex;
    for (int from = 0; from < extents.size(); from = limitIndex) {
      int group = groupOf(extents.first(from));
      int pages = 0;
      for (limitIndex = from;
          limitIndex < extents.size() && groupOf(extents.first(limitIndex)) == group;
          limitIndex++) {
        pages += extents.count(limitIndex);
      }
      int length = (limitIndex - from) * PageDelta.EXTENT_BYTES;
      if (group == newGroup && kind == ChangeKind.MAP_SET) {
        markNewGroup(extents, from, limitIndex);
      } else {
        extents.write(step.delta(kind, mapOf(group), length), from, limitIndex);
        step.apply();
      }
      groupFree[group] += sign * pages;
      for (int i = from; i < limitIndex; i++) {
        moveHint(group, extents, i, sign > 0);
      }
    }
  }

  /** Keeps every page of a group below its hint allocated. */
  private void moveHint(int group, PageExtents extents, int last, boolean isFreed) {
    int bit = (int) (extents.first(last) % groupPages);
    if (isFreed) {
      groupHint[group] = Math.min(groupHint[group], bit);
    } else if (!keepsHint) {
      groupHint[group] = bit + extents.count(last);
    }
  }

  private void markNewGroup(PageExtents extents, int from, int limitIndex) {
    for (int i = from; i < limitIndex; i++) {
      long map = pool.address(mapOf(newGroup));
      SpaceMap.mark(map, pageBytes, extents.first(i), extents.count(i), true);
    }
  }

  private void logNewGroup(StructureStep step) throws IOException {
    if (newGroup == groupFree.length) {
      groupFree = Arrays.copyOf(groupFree, 2 * newGroup);
      groupHint = Arrays.copyOf(groupHint, 2 * newGroup);
    }
    long mapId = mapOf(newGroup);
    SpaceMap.initialize(pool.address(mapId), pageBytes);
    step.image(mapId);
    groupFree[newGroup] = bitLimit(newGroup) - 1;
    groupHint[newGroup] = 1;
    groupCount = newGroup + 1;
    step.base(0); // a delta of it would log it as it is then, in a record before this one
    SpaceMap.groupCount(pool.address(0), groupCount);
    // An image before any delta of page 0 in the same record: redo takes the first it has not seen.
    step.image(0);
  }

  /** Returns the group to take pages from, {@code groupCount} for a new one, or -1. */
  private int bestGroup(long pages, PageExtents taken) {
    if (currentGroup < groupCount && isOpen(currentGroup, pages, taken)) {
      return currentGroup;
    }
    int best = -1;
    for (int group = 0; group < groupCount; group++) {
      if (isOpen(group, 1, taken) && (best < 0 || groupFree[group] > groupFree[best])) {
        best = group;
      }
    }
    boolean mayGrow = newGroup < 0 && bitLimit(groupCount) > 1;
    if (mayGrow && (best < 0 || groupFree[best] < Math.min(pages, bitLimit(groupCount) - 1))) {
      return groupCount;
    }
    return best;
  }

  private boolean isOpen(int group, long pages, PageExtents taken) {
    for (int i = 0; i < taken.size(); i++) {
      if (groupOf(taken.first(i)) == group) {
        return false;
      }
    }
    return groupFree[group] >= Math.max(1, Math.min(pages, groupPages / 2));
  }

  private void chooseInGroup(int group, PageExtents extents, long pages) {
    long map = pool.address(mapOf(group));
    boolean isNew = group == groupCount;
    int bitEnd = bitLimit(group);
    long rest = pages;
    int bit = SpaceMap.nextFree(map, isNew ? 1 : groupHint[group], bitEnd);
    while (rest > 0 && bit < bitEnd) {
      int end = SpaceMap.nextAllocated(map, bit, bitEnd);
      int count = (int) Math.min(rest, end - bit);
      extents.add(mapOf(group) + bit, count);
      rest -= count;
      bit = SpaceMap.nextFree(map, bit + count, bitEnd);
    }
  }

  private int allocatedCount(int group) throws IOException {
    long mapId = mapOf(group);
    if (group == 0) {
      return SpaceMap.allocatedCount(pool.address(0));
    }
    pool.latchShared(mapId);
    try {
      return SpaceMap.allocatedCount(pool.address(mapId));
    } finally {
      pool.unlatchShared(mapId);
    }
  }

  /** Returns how many pages of a group are below the limit. */
  private int bitLimit(int group) {
    return (int) Math.max(0, Math.min(groupPages, limit - mapOf(group)));
  }

  /** Returns how many pages there are in groups that have no map yet, the maps not counted. */
  private long unformattedPages(long below) {
    long rest = Math.max(0, below - mapOf(groupCount));
    return rest - (rest + groupPages - 1) / groupPages;
  }

  private int groupOf(long pageId) {
    return (int) (pageId / groupPages);
  }

  private long mapOf(int group) {
    return (long) group * groupPages;
  }

  static boolean isMap(long page) {
    return PageHeader.type(page) == PageType.SPACE_MAP;
  }
}
