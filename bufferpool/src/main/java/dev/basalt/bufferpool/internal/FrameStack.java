// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Where to look for a free frame: every frame that is free is in here, and some that are not. The
 * one that came last is taken first, while its memory is in a cache. After Treiber ("Systems
 * Programming: Coping with Parallelism", 1986).
 *
 * <p>A frame is claimed elsewhere, because a page's own frame is taken without looking here, and
 * stays in here then. So who pops a frame may find it claimed, and pops another. A frame is in here
 * once at most: it is put back when it is freed, unless it never left.
 *
 * <p><b>Concurrency.</b> Any thread; lock-free.
 *
 * <ul>
 *   <li>The top is a frame's number and a counter of pops in one word: a pop that saw a frame's
 *       successor fails when the frame was popped meanwhile, even if it came back. The counter
 *       comes round after 2^32 pops, which would all have to fall between two instructions.
 *   <li>Who pops a frame marks it as out and then tries to claim it; who frees a frame gives its
 *       claim up and then looks at the mark (all volatile): so a free frame is popped by the one or
 *       put back by the other.
 * </ul>
 */
public final class FrameStack {
  /** What {@link #pop} returns for an empty stack. */
  public static final int NONE = -1;

  private static final int OUT = -1;
  private static final long NUMBER_MASK = 0xffff_ffffL;
  private static final long POP = 1L << 32;

  /** Number + 1 of the frame below each, 0 for none; or {@link #OUT}. */
  private final AtomicIntegerArray below;

  /** Number + 1 of the first frame, below a counter of pops. */
  private final AtomicLong top;

  /**
   * Creates a stack of all frames, the highest number on top.
   *
   * @param frameCount how many, 1 or more
   */
  public FrameStack(int frameCount) {
    below = new AtomicIntegerArray(frameCount);
    for (int frame = 0; frame < frameCount; frame++) {
      below.setPlain(frame, frame);
    }
    top = new AtomicLong(frameCount);
  }

  /**
   * Puts a frame on top, unless it is in here.
   *
   * @param frame a frame, not claimed any more
   */
  public void push(int frame) {
    if (!below.compareAndSet(frame, OUT, 0)) {
      return;
    }
    long before;
    do {
      before = top.get();
      below.setPlain(frame, (int) before);
    } while (!top.compareAndSet(before, before & -POP | frame + 1L));
  }

  /**
   * Takes the frame on top.
   *
   * @return its number, or {@link #NONE}
   */
  public int pop() {
    while (true) {
      long before = top.get();
      int frame = (int) (before & NUMBER_MASK) - 1;
      if (frame == NONE) {
        return NONE;
      }
      long next = below.getOpaque(frame) & NUMBER_MASK;
      if (top.compareAndSet(before, (before & -POP) + POP | next)) {
        below.set(frame, OUT);
        return frame;
      }
    }
  }
}
