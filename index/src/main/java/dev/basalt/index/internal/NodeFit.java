// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.index.internal.NodeEdit.Fences;

/**
 * Arithmetic before a node is divided or joined: where to divide, by which separator, and whether
 * the result fits a page. Reads nodes that the caller has latched.
 */
final class NodeFit {
  private NodeFit() {}

  /** Returns bytes of some slots with their records. */
  static int slotBytes(long node, int pageBytes, int first, int limit) {
    int sum = 0;
    for (int slot = first; slot < limit; slot++) {
      long word = Node.slot(node, slot);
      sum += Node.SLOT_BYTES + NodeEdit.recordLength(node, pageBytes, word);
    }
    return sum;
  }

  /** Returns which slot begins the right half by bytes, 1 to count - 1; needs 2 slots. */
  static int middle(long node, int pageBytes) {
    int count = Node.storedCount(node);
    int total = Node.recordBytes(node) + count * Node.SLOT_BYTES;
    int left = 0;
    int best = 1;
    int bestWorse = Integer.MAX_VALUE;
    for (int slot = 1; slot < count; slot++) {
      left += slotBytes(node, pageBytes, slot - 1, slot);
      int worse = Math.max(left, total - left);
      if (worse < bestWorse) {
        bestWorse = worse;
        best = slot;
      }
    }
    return best;
  }

  /**
   * Writes the shortest key above one and not above another.
   *
   * @return its length
   */
  static int separate(long low, int lowLength, long high, int highLength, long to) {
    int length = IndexMemory.commonLength(low, lowLength, high, highLength) + 1;
    assert length <= highLength : "keys out of order";
    IndexMemory.copy(high, to, length);
    return length;
  }

  /** Returns what a node with some fences and slots takes beside its header. */
  static int bytesWith(int slotBytes, int slotCount, int prefixShrink, int lower, int upper) {
    int fences = Node.reservedBytes(lower) + Node.reservedBytes(upper);
    return slotBytes + slotCount * prefixShrink + fences;
  }

  /** Returns what two neighbours in one node take beside its header. */
  static int mergedBytes(long left, long right, int pageBytes, int separatorLength) {
    Fences fences = mergedFences(left, right, pageBytes);
    int prefix = fences.prefixLength();
    int leftCount = Node.storedCount(left);
    int rightCount = Node.storedCount(right);
    int bytes = Node.recordBytes(left) + leftCount * (Node.prefixLength(left) - prefix);
    bytes += Node.recordBytes(right) + rightCount * (Node.prefixLength(right) - prefix);
    bytes += (leftCount + rightCount) * Node.SLOT_BYTES;
    if (Node.level(left) > 0) {
      bytes += Node.SLOT_BYTES + 2 + separatorLength - prefix + Node.CHILD_BYTES;
    }
    return bytes
        + Node.reservedBytes(fences.lowerLength())
        + Node.reservedBytes(fences.upperLength());
  }

  /** Returns the fences of two neighbours in one node. */
  static Fences mergedFences(long left, long right, int pageBytes) {
    Fences upper = Fences.of(right, pageBytes);
    return Fences.of(left, pageBytes).withUpper(upper.upper(), upper.upperLength());
  }

  static int capacity(int pageBytes) {
    return pageBytes - Node.SLOTS_OFFSET;
  }
}
