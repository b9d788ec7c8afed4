// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.engine.Durability;
import dev.basalt.engine.StoreConfig;
import dev.basalt.engine.StoreDamagedException;
import dev.basalt.engine.StoreFormatException;
import dev.basalt.engine.StoreFullException;
import dev.basalt.engine.internal.wal.CheckpointState;
import dev.basalt.engine.internal.wal.LogEnd;
import dev.basalt.engine.internal.wal.LogPosition;
import dev.basalt.engine.internal.wal.LogReader;
import dev.basalt.engine.internal.wal.StoreLayout;
import dev.basalt.engine.internal.wal.SuperblockArea;
import dev.basalt.engine.internal.wal.Wal;
import dev.basalt.engine.internal.wal.WalConfig;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.Errno;
import dev.basalt.linux.ErrnoException;
import java.io.IOException;
import java.util.UUID;

/**
 * Finds or makes a store on a device and starts the layers below the tables. Used by the thread
 * that opens the store.
 */
final class StoreOpener {
  private static final long PAGE_COUNT_MIN = 64;
  private static final int RING_SIZE_MAX = 1 << 14;
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final StoreConfig config;
  private final BlockDevice device;
  private final Execution execution;
  private final EngineSwitches switches;
  private final UUID newStoreId;

  StoreOpener(
      StoreConfig config,
      BlockDevice device,
      Execution execution,
      EngineSwitches switches,
      UUID newStoreId) {
    this.config = config;
    this.device = device;
    this.execution = execution;
    this.switches = switches;
    this.newStoreId = newStoreId;
  }

  /** Opens the layers; on failure everything but the device is closed again. */
  StoreParts open() throws IOException {
    StoreParts parts = new StoreParts(device);
    boolean opened = false;
    try {
      open(parts);
      opened = true;
      return parts;
    } finally {
      if (!opened) {
        parts.close();
      }
    }
  }

  private void open(StoreParts parts) throws IOException {
    IoStack io = IoStack.start(device, ioConfig(), execution);
    parts.io = io;
    SuperblockArea superblocks = new SuperblockArea(io);
    parts.superblocks = superblocks;
    SuperblockArea.Outcome.Found found = findOrFormat(superblocks);
    StoreLayout layout = found.superblock().layout();
    checkSize(layout);
    CheckpointState start = found.superblock().checkpoint();
    LogEnd end = new LogReader(io, layout).findEnd(start, found.fellBack());
    switches.watcher().logEnds(end.endLsn());
    // What was found may be in the device's cache only, when a process was killed: the superblock
    // that is in force must be durable before the other one is written, and the log to its end.
    io.flush();
    CheckpointState reopened = start.reopened(found.epochNext());
    superblocks.write(layout, reopened);
    LogPosition position = new LogPosition(end.endLsn(), reopened.epoch(), end.commitSequence());
    parts.layout = withGrownPages(layout);
    parts.start = start;
    parts.logEnd = end;
    Wal wal = Wal.open(io, layout, reopened, position, walConfig(layout), execution);
    parts.wal = wal;
    EngineLog log = new EngineLog(wal, switches);
    parts.log = log;
    parts.pool = BufferPool.open(poolConfig(layout), io, log, execution);
  }

  private SuperblockArea.Outcome.Found findOrFormat(SuperblockArea superblocks) throws IOException {
    return switch (superblocks.read()) {
      case SuperblockArea.Outcome.Found found -> found;
      case SuperblockArea.Outcome.Blank _ -> format(superblocks);
      case SuperblockArea.Outcome.Foreign(String reason) ->
          throw new StoreFormatException(
              config.device()
                  + " holds something that is no Basalt store: "
                  + reason
                  + "; name another device, or clear its first 128 KiB if it is not needed");
      case SuperblockArea.Outcome.Newer(int version) ->
          throw new StoreFormatException(
              config.device()
                  + " holds a store of format version "
                  + version
                  + "; this program reads version 1: use a newer one");
      case SuperblockArea.Outcome.Damaged(String reason) ->
          throw new StoreDamagedException(
              config.device()
                  + " holds a store whose superblocks are damaged: "
                  + reason
                  + "; restore a copy");
    };
  }

  private SuperblockArea.Outcome.Found format(SuperblockArea superblocks) throws IOException {
    if (!config.createIfMissing()) {
      throw new StoreFormatException(
          config.device()
              + " holds no store, and creating one is not allowed (create = false);"
              + " check the path, or allow it");
    }
    StoreLayout layout = newLayout();
    makeRoom(layout.endBytes());
    return new SuperblockArea.Outcome.Found(
        superblocks.format(layout, CheckpointState.initial()), null);
  }

  private void makeRoom(long storeBytes) throws IOException {
    try {
      device.grow(Math.ceilDiv(storeBytes, blockBytes()));
    } catch (ErrnoException e) {
      if (e.errno() == Errno.ENOSPC || e.errno() == Errno.EDQUOT) {
        throw new StoreFullException(
            ("no space for a new store of %,d bytes: free some,"
                    + " or choose a smaller log or growth step (%s)")
                .formatted(storeBytes, e.getMessage()),
            e);
      }
      throw e;
    }
  }

  private StoreLayout newLayout() {
    int pageBytes = config.pageBytes();
    StoreLayout one = StoreLayout.create(newStoreId, pageBytes, config.logBytes(), 1);
    long pages = (deviceBytes() - one.pageAreaOffsetBytes()) / pageBytes;
    if (device.capabilities().growable()) {
      pages = Math.max(pages, Math.max(PAGE_COUNT_MIN, config.growthBytes() / pageBytes));
    }
    if (pages < PAGE_COUNT_MIN) {
      throw new StoreFormatException(
          "%s has %,d bytes; a store with a log of %,d bytes needs %,d: choose a smaller log"
              .formatted(
                  config.device(),
                  deviceBytes(),
                  config.logBytes(),
                  one.withPageCount(PAGE_COUNT_MIN).endBytes()));
    }
    return one.withPageCount(pages);
  }

  private void checkSize(StoreLayout layout) {
    if (deviceBytes() < layout.endBytes()) {
      throw new StoreFormatException(
          ("%s has %,d bytes, but the store on it has %,d: it was truncated or copied in part;"
                  + " restore a whole copy")
              .formatted(config.device(), deviceBytes(), layout.endBytes()));
    }
  }

  /** The superblock does not know of pages gained since; the log may. */
  private StoreLayout withGrownPages(StoreLayout layout) {
    if (!device.capabilities().growable()) {
      return layout;
    }
    long pages = (deviceBytes() - layout.pageAreaOffsetBytes()) / layout.pageBytes();
    long most = pageCountMax(config, device, layout);
    return layout.withPageCount(Math.clamp(pages, layout.pageCount(), most));
  }

  /**
   * Page ids there may ever be: address space is reserved for them. The limit that is configured
   * ends growth; pages that the device has already stay.
   */
  static long pageCountMax(StoreConfig config, BlockDevice device, StoreLayout layout) {
    if (!device.capabilities().growable()) {
      return layout.pageCount();
    }
    long present = device.blockCount() * device.capabilities().blockBytes();
    long most = Math.max(present, config.storeBytesMax()) - layout.pageAreaOffsetBytes();
    return Math.max(layout.pageCount(), most / layout.pageBytes());
  }

  private BufferPoolConfig poolConfig(StoreLayout layout) {
    return new BufferPoolConfig(
        layout.pageBytes(),
        layout.pageAreaOffsetBytes() / blockBytes(),
        pageCountMax(config, device, layout),
        config.poolBytes(),
        layout.storeTag());
  }

  private IoStackConfig ioConfig() {
    int ringSize = Integer.highestOneBit(Math.clamp(config.queueDepth() * 128L, 64, RING_SIZE_MAX));
    return new IoStackConfig(config.pollerCount(), config.queueDepth(), ringSize);
  }

  private WalConfig walConfig(StoreLayout layout) {
    WalConfig defaults = WalConfig.defaults();
    long interval =
        config.durability() instanceof Durability.Group(int millis)
            ? millis * NANOS_PER_MILLI
            : defaults.intervalNanos();
    Capabilities capabilities = device.capabilities();
    return new WalConfig(
        interval,
        config.checkpointPercent(),
        config.logWaitMillis() * NANOS_PER_MILLI,
        defaults.queueDepth(),
        capabilities.atomicWriteBytes() >= layout.pageBytes());
  }

  private int blockBytes() {
    return device.capabilities().blockBytes();
  }

  private long deviceBytes() {
    return device.blockCount() * blockBytes();
  }
}
