// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.nanos;

import dev.basalt.bench.EvictedPages;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.bufferpool.internal.PageVerifier;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Misses of pages in turn, four times as many as fit, in a file. The checksum is a routine of the
 * JVM, whose samples count for what calls its caller; so it is measured alone.
 */
final class MissOperation implements SteppedOperation {
  private static final String READ = "the read";
  private static final String STATES = "page state and checksum";
  private static final String CHECKSUM = "checksum, with a copy for it";

  private final Arena arena = Arena.ofConfined();
  private final EvictedPages pages;
  private final long memory =
      arena.allocate(EvictedPages.PAGE_BYTES, EvictedPages.PAGE_BYTES).address();

  private final PageVerifier verifier = new PageVerifier(EvictedPages.PAGE_BYTES, 0);

  MissOperation(Path directory) throws IOException {
    pages = EvictedPages.open(directory.toString());
  }

  @Override
  public String title() {
    return String.format(
        Locale.ROOT, "miss of a page of 4 KiB, %,d pages in a pool of a quarter", pages.count());
  }

  @Override
  public long run(int count) throws IOException {
    long seen = 0;
    for (int i = 0; i < count; i++) {
      seen += pages.readNext();
    }
    return seen;
  }

  private long runReads(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      pages.readNextInto(memory);
    }
    return count;
  }

  private long runChecksums(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      verifier.verify(PageHeader.pageId(memory), memory, Long.MAX_VALUE);
    }
    return count;
  }

  @Override
  public List<Part> parts() {
    return List.of(
        new Part(
            "the read: system call and copy, as into memory that is there",
            this::runReads,
            READ,
            "the read: memory of the frame that is in no cache"),
        new Part(
            CHECKSUM, this::runChecksums, STATES, "page state: claimed, published, validated"));
  }

  @Override
  public List<StepRule> rules() {
    String frame = "a frame taken, the page entered as resident";
    return List.of(
        new StepRule(READ, "IoStack", ""),
        new StepRule(CHECKSUM, "PageVerifier", ""),
        new StepRule(CHECKSUM, "PageVerifier$Pool", ""),
        new StepRule(frame, "FrameSource", ""),
        new StepRule(frame, "FrameReserve", ""),
        new StepRule(frame, "ResidentSet", ""),
        new StepRule(frame, "FrameStack", ""),
        new StepRule(frame, "PageFaults", "admit"),
        new StepRule(STATES, "PageFaults", ""),
        new StepRule(STATES, "PageLatches", ""),
        new StepRule(STATES, "PageStates", ""),
        new StepRule(STATES, "BufferPool", ""),
        new StepRule(LOOP, "EvictedPages", ""),
        new StepRule(LOOP, "MissOperation", ""));
  }

  @Override
  public void close() throws IOException {
    pages.close();
    arena.close();
  }
}
