// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import dev.basalt.linux.VirtualMemory.Advice;
import org.jspecify.annotations.Nullable;

/**
 * The memory of the pool: frames, of a page each, and for every page id a state word and the number
 * of its frame. The decision "Pages are in frames that stay mapped" says why.
 *
 * <p>Mapped for the pool's life, so an access never faults for good. The address of a page that is
 * evicted meanwhile is that of another page's frame: an optimistic reader gets foreign content and
 * fails to validate it. Words and numbers of page ids that were never used take no memory. Owned by
 * the pool, which closes it after its agents have ended and their commands are complete.
 *
 * <p><b>Concurrency.</b> A number is set under the page's exclusive latch and read after its state
 * word (acquire): who sees a state in which the page is in memory sees the frame of that time or of
 * a later one, and in the latter case does not validate.
 */
public final class PageRegion implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger(PageRegion.class.getName());
  private static final long HUGE_PAGE_BYTES = 2 << 20;
  private static final int NUMBER_BYTES = Integer.BYTES;

  /** Below, rounding to huge pages counts, and the TLB covers much of the pool anyway. */
  private static final long HUGE_REGION_BYTES_MIN = 64L << 20;

  private final MappedRegion frames;
  private final MappedRegion words;
  private final MappedRegion numbers;
  private final long base;
  private final long numbersBase;
  private final long pageCount;
  private final int pageShift;
  private final int blocksPerPage;
  private final long firstLba;
  private final int pageTag;
  private final boolean isHuge;

  private PageRegion(
      MappedRegion frames,
      MappedRegion words,
      MappedRegion numbers,
      BufferPoolConfig config,
      int blockBytes) {
    this.frames = frames;
    this.words = words;
    this.numbers = numbers;
    boolean isLarge = frames.sizeBytes() >= HUGE_REGION_BYTES_MIN;
    boolean isAdvised = tryAdvise(frames, isLarge ? Advice.HUGEPAGE : Advice.NOHUGEPAGE);
    isHuge = isLarge && isAdvised;
    if (words.sizeBytes() >= HUGE_PAGE_BYTES) {
      tryAdvise(words, Advice.HUGEPAGE);
      tryAdvise(numbers, Advice.HUGEPAGE);
    }
    base = frames.address();
    numbersBase = numbers.address();
    pageCount = config.pageCountMax();
    pageShift = Integer.numberOfTrailingZeros(config.pageBytes());
    blocksPerPage = config.pageBytes() / blockBytes;
    firstLba = config.firstLba();
    pageTag = config.pageTag();
  }

  /**
   * Reserves the memory.
   *
   * @param config the page size and count
   * @param frameCount the most pages in memory
   * @param blockBytes the device's block size, at most a page
   * @return the region, to be closed by the caller
   * @throws ErrnoException when the kernel refuses
   */
  public static PageRegion reserve(BufferPoolConfig config, int frameCount, int blockBytes)
      throws ErrnoException {
    MappedRegion frames = null;
    MappedRegion words = null;
    MappedRegion numbers = null;
    PageRegion region = null;
    try {
      frames = VirtualMemory.reserve((long) frameCount * config.pageBytes());
      words = VirtualMemory.reserve(config.pageCountMax() * PageStates.WORD_BYTES);
      numbers = VirtualMemory.reserve(config.pageCountMax() * NUMBER_BYTES);
      region = new PageRegion(frames, words, numbers, config, blockBytes);
      return region;
    } finally {
      if (region == null) {
        close(frames);
        close(words);
        close(numbers);
      }
    }
  }

  private static void close(@Nullable MappedRegion region) {
    if (region != null) {
      region.close();
    }
  }

  private static boolean tryAdvise(MappedRegion region, Advice advice) {
    try {
      VirtualMemory.advise(region.address(), region.sizeBytes(), advice);
      return true;
    } catch (ErrnoException e) {
      // A kernel built without huge pages: there is nothing to advise it about.
      LOGGER.log(System.Logger.Level.DEBUG, "no advice on huge pages", e);
      return false;
    }
  }

  /**
   * Returns where a page is in memory.
   *
   * @param pageId the page
   * @return its frame's absolute address; that of any frame once the page is evicted
   */
  public long address(long pageId) {
    int frame = frame(pageId);
    if (frame == pageId) {
      // The same, but known without the load above: the processor predicts the branch and goes on.
      return base + (pageId << pageShift);
    }
    return base + ((long) frame << pageShift);
  }

  /**
   * Returns which frame a page is in.
   *
   * @param pageId the page
   * @return the frame's number; that of any frame once the page is evicted
   */
  public int frame(long pageId) {
    return PageMemory.getInt(numbersBase + pageId * NUMBER_BYTES);
  }

  /**
   * Says which frame a page is in.
   *
   * @param pageId the page, latched exclusively by the caller
   * @param frame the frame, taken for it
   */
  public void frame(long pageId, int frame) {
    PageMemory.putInt(numbersBase + pageId * NUMBER_BYTES, frame);
  }

  /**
   * Returns what tells this pool's pages from those of another owner of the device.
   *
   * @return mixed into each page's checksum
   */
  public int pageTag() {
    return pageTag;
  }

  /**
   * Returns where a page is on the device.
   *
   * @param pageId the page
   * @return its first block
   */
  public long lba(long pageId) {
    return firstLba + pageId * blocksPerPage;
  }

  /**
   * Returns how many page ids there are.
   *
   * @return the count
   */
  public long pageCount() {
    return pageCount;
  }

  /**
   * Returns the size of a page on the device.
   *
   * @return blocks
   */
  public int blocksPerPage() {
    return blocksPerPage;
  }

  /**
   * Returns the size of a page in memory.
   *
   * @return bytes
   */
  public int pageBytes() {
    return 1 << pageShift;
  }

  /**
   * Returns where the state words are.
   *
   * @return absolute address of page 0's word
   */
  public long wordsAddress() {
    return words.address();
  }

  /**
   * Returns how much memory the kernel was asked to back by huge pages.
   *
   * @return bytes; 0 where there are none, or the pool is small
   */
  public long hugeBytes() {
    return isHuge ? frames.sizeBytes() : 0;
  }

  @Override
  public void close() {
    frames.close();
    words.close();
    numbers.close();
  }
}
