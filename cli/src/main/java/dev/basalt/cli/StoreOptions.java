// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.engine.Store;
import dev.basalt.engine.StoreConfig;
import dev.basalt.engine.StoreException;
import dev.basalt.engine.Table;
import dev.basalt.iostack.DeviceUri;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that opens a store. */
final class StoreOptions {
  private static final String STORE_VARIABLE = "BASALT_STORE";
  private static final String TABLE_DEFAULT = "default";

  /** Back ends whose target is the path of a file or device. */
  private static final Set<String> FILE_SCHEMES = Set.of("file", "io_uring");

  @Option(
      names = "--store",
      paramLabel = "URI",
      description = "The store, such as io_uring:/data/store (or $" + STORE_VARIABLE + ").")
  private @Nullable String uri;

  @Option(
      names = "--table",
      paramLabel = "NAME",
      description = "The table (default: " + TABLE_DEFAULT + ").")
  private @Nullable String table;

  @Option(names = "--pool", paramLabel = "SIZE", description = "Memory for pages, such as 512MiB.")
  private @Nullable String pool;

  @Option(
      names = "--durability",
      paramLabel = "MODE",
      description = "When a write returns: sync, group:MILLISECONDS or none.")
  private @Nullable String durability;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A file of 'option = value' lines; other options override it.")
  private @Nullable Path file;

  @Option(names = "--hex", description = "Keys and values are hexadecimal instead of UTF-8.")
  private boolean hex;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /**
   * Combines the defaults, the environment, the file and the options; later ones win.
   *
   * @param create whether a missing store is created
   * @return the effective configuration
   * @throws CommandFailure when no store is named or the file cannot be read
   */
  StoreConfig config(boolean create) {
    StoreConfig.Builder builder = StoreConfig.builder().createIfMissing(create);
    String variable = System.getenv(STORE_VARIABLE);
    if (variable != null) {
      builder.device(variable);
    }
    if (file != null) {
      load(builder, file);
    }
    if (uri != null) {
      builder.device(uri);
    }
    if (pool != null) {
      builder.set("pool", pool);
    }
    if (durability != null) {
      builder.set("durability", durability);
    }
    if (uri == null && variable == null && file == null) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "no store is named; use --store URI, --config FILE or the environment variable "
              + STORE_VARIABLE);
    }
    return builder.build();
  }

  /** Opens the store, which must be there. */
  Store open() {
    StoreConfig config = config(false);
    DeviceUri device = DeviceUri.parse(config.device());
    if (FILE_SCHEMES.contains(device.scheme()) && !Files.exists(Path.of(device.target()))) {
      throw new CommandFailure(
          ExitCode.NO_INPUT, "no store at " + config.device() + "; put and load create one");
    }
    return open(config);
  }

  /** Opens the store, creating it when nothing is there. */
  Store openOrCreate() {
    return open(config(true));
  }

  /** Returns the table, creating it when it is not there. */
  Table table(Store store) {
    return store.table(tableName());
  }

  /**
   * Returns the table.
   *
   * @throws CommandFailure when there is none of this name
   */
  Table existingTable(Store store) {
    if (!store.tables().contains(tableName())) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          "no table '" + tableName() + "'; there are: " + String.join(", ", store.tables()));
    }
    return store.table(tableName());
  }

  boolean isTableNamed() {
    return table != null;
  }

  String tableName() {
    return table == null ? TABLE_DEFAULT : table;
  }

  Notation notation() {
    return hex ? Notation.HEX : Notation.TEXT;
  }

  boolean isJson() {
    return json;
  }

  /** Opens a store; a failure without a kind of its own means that the device does not open. */
  private static Store open(StoreConfig config) {
    try {
      return Store.open(config);
    } catch (StoreException e) {
      if (e.getClass().equals(StoreException.class)) {
        throw new CommandFailure(ExitCode.UNAVAILABLE, FailureHandler.message(e));
      }
      throw e;
    }
  }

  private static void load(StoreConfig.Builder builder, Path file) {
    try {
      builder.load(file);
    } catch (NoSuchFileException _) {
      throw new CommandFailure(ExitCode.NO_INPUT, "no configuration file " + file);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.NO_INPUT, "cannot read the configuration file " + file + ": " + e.getMessage());
    }
  }
}
