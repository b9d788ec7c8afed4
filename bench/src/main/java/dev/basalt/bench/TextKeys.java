// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.zip.GZIPInputStream;

/**
 * Keys from a file of text, gzipped or not: a line each, up to its last blank, so that the index of
 * files of a distribution gives its paths. A key is numbered by its place in the order of bytes.
 */
final class TextKeys implements Keys {
  /** What every peer takes; LMDB takes no more. Longer ones are left out. */
  static final int SIZE_MAX = 500;

  private final byte[] text;
  private final int[] ends;
  private final int sizeMax;
  private final long[] atRandom;

  /** Takes distinct keys in the order of their bytes. */
  TextKeys(List<byte[]> keys) {
    ends = new int[keys.size()];
    text = new byte[keys.stream().mapToInt(key -> key.length).sum()];
    int end = 0;
    for (int i = 0; i < ends.length; i++) {
      System.arraycopy(keys.get(i), 0, text, end, keys.get(i).length);
      end += keys.get(i).length;
      ends[i] = end;
    }
    sizeMax = keys.stream().mapToInt(key -> key.length).max().orElse(0);
    atRandom = inOrder();
    shuffle(atRandom, new Random(1));
  }

  /** Reads a file; takes every second, third and so on line of one that has too many. */
  static TextKeys read(Path file, int countMax) throws IOException {
    List<byte[]> keys = new ArrayList<>();
    try (InputStream bytes = Files.newInputStream(file);
        InputStream plain =
            file.toString().endsWith(".gz") ? new GZIPInputStream(bytes, 1 << 16) : bytes;
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(plain, StandardCharsets.ISO_8859_1))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        byte[] key = key(line).getBytes(StandardCharsets.ISO_8859_1);
        if (key.length > 0 && key.length <= SIZE_MAX) {
          keys.add(key);
        }
      }
    }
    List<byte[]> distinct = inOrderOnce(keys);
    int step = Math.max(1, Math.ceilDiv(distinct.size(), countMax));
    return new TextKeys(
        IntStream.range(0, distinct.size() / step)
            .mapToObj(index -> distinct.get(index * step))
            .toList());
  }

  private static List<byte[]> inOrderOnce(List<byte[]> keys) {
    keys.sort(Arrays::compareUnsigned);
    List<byte[]> distinct = new ArrayList<>(keys.size());
    for (byte[] key : keys) {
      if (distinct.isEmpty() || !Arrays.equals(distinct.getLast(), key)) {
        distinct.add(key);
      }
    }
    return distinct;
  }

  /** The part of a line before its last blank, or all of it where there is none. */
  static String key(String line) {
    String stripped = line.stripTrailing();
    int end = Math.max(stripped.lastIndexOf(' '), stripped.lastIndexOf('\t'));
    return end < 0 ? stripped : stripped.substring(0, end).stripTrailing();
  }

  private static void shuffle(long[] values, Random random) {
    for (int i = values.length - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      long value = values[i];
      values[i] = values[other];
      values[other] = value;
    }
  }

  @Override
  public int count() {
    return ends.length;
  }

  @Override
  public int sizeMax() {
    return sizeMax;
  }

  @Override
  public long bytes() {
    return text.length;
  }

  @Override
  public long key(long record) {
    return atRandom[(int) record];
  }

  @Override
  public long[] atRandom() {
    return atRandom.clone();
  }

  @Override
  public long[] inOrder() {
    return LongStream.range(0, ends.length).toArray();
  }

  @Override
  public int write(long key, MemorySegment target) {
    int start = start(key);
    int size = ends[(int) key] - start;
    MemorySegment.copy(MemorySegment.ofArray(text), start, target, 0, size);
    return size;
  }

  private int start(long key) {
    return key == 0 ? 0 : ends[(int) key - 1];
  }

  @Override
  public boolean isRecord(MemorySegment key, MemorySegment value) {
    return isRecord(value, 0, key, 0, (int) key.byteSize());
  }

  @Override
  public boolean isRecord(MemorySegment records, int keyOffset, int keyLength, int valueOffset) {
    return isRecord(records, valueOffset, records, keyOffset, keyLength);
  }

  private boolean isRecord(
      MemorySegment values, int valueOffset, MemorySegment keys, int keyOffset, int keyLength) {
    long number = values.get(Records.KEY, valueOffset);
    if (number < 0 || number >= ends.length || !Records.isValueOf(values, valueOffset, number)) {
      return false;
    }
    int start = start(number);
    int end = keyOffset + keyLength;
    return MemorySegment.mismatch(
            MemorySegment.ofArray(text), start, ends[(int) number], keys, keyOffset, end)
        < 0;
  }

  @Override
  public boolean isRecord(ByteBuffer key, ByteBuffer value) {
    return isRecord(MemorySegment.ofBuffer(key), MemorySegment.ofBuffer(value));
  }
}
