// SPDX-License-Identifier: Apache-2.0
package dev.basalt.spdk;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.SignalHandlers;
import dev.basalt.spdk.generated.BasaltDriver;
import dev.basalt.spdk.generated.basalt_command;
import dev.basalt.spdk.generated.basalt_completion;
import dev.basalt.spdk.generated.basalt_driver;
import dev.basalt.spdk.generated.basalt_info;
import dev.basalt.spdk.generated.basalt_piece;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A driver in C: its library, loaded once and for the life of the process, and its functions.
 *
 * <p>Pointers to what the driver made are plain {@code long}s: they are handed back and never
 * looked into.
 *
 * <p><b>Concurrency.</b> Any thread, as the interface says of each function.
 */
public final class NativeDriver {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final Map<String, NativeDriver> LOADED = new ConcurrentHashMap<>();
  private static final int TEXT_BYTES_MAX = 4096;

  private static final MethodHandle TABLE = handle(FunctionDescriptor.of(ADDRESS));
  private static final MethodHandle OPEN =
      handle(FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
  private static final MethodHandle DEVICE = handle(FunctionDescriptor.ofVoid(JAVA_LONG));
  private static final MethodHandle DEVICE_WITH_POINTER =
      handle(FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));
  private static final MethodHandle DMA_ALLOC =
      handle(FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS));
  private static final MethodHandle QUEUE_OPEN =
      handle(FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS));
  private static final MethodHandle QUEUE_TRANSFER =
      handle(FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));

  private final String name;
  private final Path file;
  private final String library;
  private final MemorySegment open;
  private final MemorySegment close;
  private final MemorySegment info;
  private final MemorySegment dmaAlloc;
  private final MemorySegment dmaFree;
  private final MemorySegment queueOpen;
  private final MemorySegment queueClose;
  private final MemorySegment queueSubmit;
  private final MemorySegment queuePoll;
  private final MemorySegment lastError;

  private NativeDriver(String name, Path file, MemorySegment table) {
    this.name = name;
    this.file = file;
    library = text(basalt_driver.library(table));
    open = basalt_driver.open(table);
    close = basalt_driver.close(table);
    info = basalt_driver.info(table);
    dmaAlloc = basalt_driver.dma_alloc(table);
    dmaFree = basalt_driver.dma_free(table);
    queueOpen = basalt_driver.queue_open(table);
    queueClose = basalt_driver.queue_close(table);
    queueSubmit = basalt_driver.queue_submit(table);
    queuePoll = basalt_driver.queue_poll(table);
    lastError = basalt_driver.last_error(table);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle handle(FunctionDescriptor descriptor) {
    return LINKER.downcallHandle(descriptor);
  }

  /**
   * Loads a driver, unless it is loaded already.
   *
   * @param name such as {@code ram}, for {@code libbasalt_ram.so}
   * @return the driver
   * @throws IOException when there is none, or it was made for another version of the interface;
   *     the message says what was found, what was needed and what to do
   */
  public static NativeDriver load(String name) throws IOException {
    NativeDriver loaded = LOADED.get(name);
    if (loaded != null) {
      return loaded;
    }
    synchronized (LOADED) {
      loaded = LOADED.get(name);
      if (loaded == null) {
        loaded = loadNew(name);
        LOADED.put(name, loaded);
      }
      return loaded;
    }
  }

  private static NativeDriver loadNew(String name) throws IOException {
    Path file = DriverLibraries.find(name);
    if (file == null) {
      throw new IOException(
          "there is no %s, which -D%s=DIRECTORY names the place of; looked for in %s"
              .formatted(
                  DriverLibraries.fileName(name),
                  DriverLibraries.PATH_PROPERTY,
                  DriverLibraries.directories()));
    }
    try (SignalHandlers _ = SignalHandlers.save()) { // a library may set its own when loaded
      MemorySegment table = table(file);
      checkVersion(file, table);
      return new NativeDriver(name, file, table);
    }
  }

  /**
   * The library is never unloaded: threads and memory of what is beneath it may outlive its users.
   */
  @SuppressWarnings("restricted")
  private static MemorySegment table(Path file) throws IOException {
    MemorySegment function;
    try {
      function =
          SymbolLookup.libraryLookup(file, Arena.global())
              .find("basalt_driver")
              .orElseThrow(() -> new IOException(file + " has no function basalt_driver"));
    } catch (IllegalArgumentException e) {
      throw new IOException(
          file + " cannot be loaded: 'ldd " + file + "' shows which library is missing", e);
    }
    try {
      MemorySegment table = (MemorySegment) TABLE.invokeExact(function);
      return table.reinterpret(basalt_driver.sizeof());
    } catch (Throwable e) {
      throw new AssertionError("basalt_driver() of " + file, e);
    }
  }

  /** Compares the sizes that the driver was compiled with; package-private for tests. */
  static void checkVersion(Path file, MemorySegment table) throws IOException {
    check(
        file,
        "version of the interface",
        basalt_driver.abi_version(table),
        BasaltDriver.BASALT_DRIVER_ABI());
    check(file, "its table", basalt_driver.driver_bytes(table), basalt_driver.sizeof());
    check(file, "a command", basalt_driver.command_bytes(table), basalt_command.sizeof());
    check(file, "a completion", basalt_driver.completion_bytes(table), basalt_completion.sizeof());
    check(file, "a piece", basalt_driver.piece_bytes(table), basalt_piece.sizeof());
    check(file, "an answer", basalt_driver.info_bytes(table), basalt_info.sizeof());
  }

  private static void check(Path file, String what, int found, long needed) throws IOException {
    if (found != needed) {
      throw new IOException(
          "%s does not fit this version of Basalt: %s is %d, needed: %d; build it anew"
              .formatted(file, what, found, needed));
    }
  }

  /**
   * Opens a device.
   *
   * @param target which, as the driver defines it
   * @param options {@code name=value} separated by {@code &}, or empty
   * @return the device, to be closed by the caller
   * @throws ErrnoException when the driver refuses
   */
  public NativeDevice openDevice(String target, String options) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment device = arena.allocate(ADDRESS);
      int result =
          (int)
              OPEN.invokeExact(
                  open, arena.allocateFrom(target), arena.allocateFrom(options), device);
      check("open(" + target + ", '" + options + "')", result);
      return new NativeDevice(this, device.get(JAVA_LONG, 0), target);
    } catch (ErrnoException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("open", e);
    }
  }

  /**
   * Returns its name.
   *
   * @return such as {@code ram}
   */
  public String name() {
    return name;
  }

  /**
   * Returns what is beneath it.
   *
   * @return name and version of a library
   */
  public String library() {
    return library;
  }

  /**
   * Returns the library's file.
   *
   * @return its path
   */
  public Path file() {
    return file;
  }

  void closeDevice(long device) {
    try {
      DEVICE.invokeExact(close, device);
    } catch (Throwable e) {
      throw new AssertionError("close", e);
    }
  }

  void info(long device, long address) {
    try {
      DEVICE_WITH_POINTER.invokeExact(info, device, address);
    } catch (Throwable e) {
      throw new AssertionError("info", e);
    }
  }

  int allocate(long device, long sizeBytes, MemorySegment address, MemorySegment iova) {
    try {
      return (int) DMA_ALLOC.invokeExact(dmaAlloc, device, sizeBytes, address, iova);
    } catch (Throwable e) {
      throw new AssertionError("dma_alloc", e);
    }
  }

  void free(long device, long address) {
    try {
      DEVICE_WITH_POINTER.invokeExact(dmaFree, device, address);
    } catch (Throwable e) {
      throw new AssertionError("dma_free", e);
    }
  }

  int openQueue(long device, int depth, MemorySegment queue) {
    try {
      return (int) QUEUE_OPEN.invokeExact(queueOpen, device, depth, queue);
    } catch (Throwable e) {
      throw new AssertionError("queue_open", e);
    }
  }

  void closeQueue(long queue) {
    try {
      DEVICE.invokeExact(queueClose, queue);
    } catch (Throwable e) {
      throw new AssertionError("queue_close", e);
    }
  }

  int submit(long queue, long commands, int count) {
    try {
      return (int) QUEUE_TRANSFER.invokeExact(queueSubmit, queue, commands, count);
    } catch (Throwable e) {
      throw new AssertionError("queue_submit", e);
    }
  }

  int poll(long queue, long completions, int max) {
    try {
      return (int) QUEUE_TRANSFER.invokeExact(queuePoll, queue, completions, max);
    } catch (Throwable e) {
      throw new AssertionError("queue_poll", e);
    }
  }

  /** Throws what a function has returned, with the driver's words, if it is an error. */
  void check(String call, int result) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException(name + " driver, " + call, -result, lastError());
    }
  }

  private String lastError() {
    try {
      return text((MemorySegment) TABLE.invokeExact(lastError));
    } catch (Throwable e) {
      throw new AssertionError("last_error", e);
    }
  }

  @SuppressWarnings("restricted")
  private static String text(MemorySegment pointer) {
    return pointer.reinterpret(TEXT_BYTES_MAX).getString(0);
  }

  @Override
  public String toString() {
    return file + " over " + library;
  }
}
