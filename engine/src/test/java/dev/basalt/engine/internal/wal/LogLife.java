// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * One life of a log on a device: opened as the engine opens it, with every commit it held. A commit
 * here is one put of an 8-byte number and some filling.
 */
final class LogLife implements AutoCloseable {
  static final UUID STORE_ID = new UUID(0x0123456789abcdefL, 0xfedcba9876543210L);

  final IoStack io;
  final SuperblockArea superblocks;
  final StoreLayout layout;
  final CheckpointState start;
  final LogEnd end;
  final List<Long> recovered;
  final Wal wal;

  private LogLife(BlockDevice device, long logBytes, WalConfig config, Execution execution)
      throws IOException {
    io = IoStack.start(device, new IoStackConfig(1, 16, 64), execution);
    superblocks = new SuperblockArea(io);
    SuperblockArea.Outcome outcome = superblocks.read();
    boolean fellBack = false;
    int epoch = 1;
    if (outcome instanceof SuperblockArea.Outcome.Found found) {
      layout = found.superblock().layout();
      start = found.superblock().checkpoint();
      fellBack = found.fellBack();
      epoch = found.epochNext();
    } else if (outcome instanceof SuperblockArea.Outcome.Blank) {
      layout = StoreLayout.create(STORE_ID, 4096, logBytes, 1);
      start = CheckpointState.initial();
      superblocks.format(layout, start);
    } else {
      throw new IOException(outcome.toString());
    }
    LogReader reader = new LogReader(io, layout);
    end = reader.findEnd(start, fellBack);
    recovered = read(reader, start);
    superblocks.write(layout, start.reopened(epoch));
    LogPosition position = new LogPosition(end.endLsn(), epoch, end.commitSequence());
    wal = Wal.open(io, layout, start, position, config, execution);
  }

  static LogLife open(BlockDevice device, long logBytes, WalConfig config, Execution execution)
      throws IOException {
    return new LogLife(device, logBytes, config, execution);
  }

  static List<Long> read(LogReader reader, CheckpointState start) throws IOException {
    List<Long> values = new ArrayList<>();
    CommitEntries entries = new CommitEntries();
    reader.seek(start.redoLsn(), start.redoEpoch());
    while (reader.next()) {
      if (reader.record().type() == RecordType.COMMIT) {
        reader.record().entries(entries);
        while (entries.next()) {
          values.add(WalMemory.getLong(entries.keyAddress()));
        }
      }
    }
    return values;
  }

  static CommitRecord commit(long number, int fillBytes) {
    CommitRecord record = new CommitRecord(64);
    set(record, number, fillBytes);
    return record;
  }

  static void set(CommitRecord record, long number, int fillBytes) {
    byte[] key = ByteBuffer.allocate(8).putLong(Long.reverseBytes(number)).array();
    record.clear();
    record.put(1, MemorySegment.ofArray(key), MemorySegment.ofArray(new byte[fillBytes]));
  }

  /** Appends a commit and counts it as applied. */
  long append(long number, int fillBytes) throws IOException {
    CommitRecord record = commit(number, fillBytes);
    long lsn = wal.append(record);
    wal.applied(record.commitSequence());
    return lsn;
  }

  Superblock checkpoint() throws IOException {
    CheckpointMark mark = wal.beginCheckpoint(Long.MAX_VALUE);
    return wal.completeCheckpoint(mark, superblocks, 1, false);
  }

  /** Ends the life without a checkpoint. */
  @Override
  public void close() {
    wal.close();
    superblocks.close();
    io.close();
  }
}
