// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.cli.input.ByteOrderMark;
import dev.basalt.cli.input.CsvSource;
import dev.basalt.cli.input.Format;
import dev.basalt.cli.input.HexSource;
import dev.basalt.cli.input.JsonlSource;
import dev.basalt.cli.input.MalformedInputException;
import dev.basalt.cli.input.RecordSource;
import dev.basalt.cli.input.TsvSource;
import dev.basalt.engine.Cursor;
import dev.basalt.engine.Range;
import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Puts the records of a file into a table. */
@Command(
    name = "load",
    description = {
      "Puts the records of a file into a table; later ones win.",
      "Into an empty table, the first ones whose keys ascend are loaded at once: much faster, and a",
      "failure on the way leaves none of them. The others follow in batches.",
      "tsv: key, tab, the rest of the line is the value.",
      "csv: RFC 4180; columns 1 and 2, or those named.",
      "jsonl: an object a line with the fields key and value, or those named; a value that is no",
      "string is stored as its JSON text; keyHex and valueHex hold any bytes.",
    },
    mixinStandardHelpOptions = true)
final class LoadCommand extends StoreCommand {
  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      required = true,
      description = "tsv, csv or jsonl.")
  private Format format = Format.TSV;

  @Option(names = "--header", description = "csv: the first line names the columns.")
  private boolean header;

  @Option(
      names = "--key-column",
      paramLabel = "COLUMN",
      description = "csv: name or number of the column; jsonl: name of the field.")
  private @Nullable String keyColumn;

  @Option(
      names = "--value-column",
      paramLabel = "COLUMN",
      description = "csv: name or number of the column; jsonl: name of the field.")
  private @Nullable String valueColumn;

  @Option(
      names = "--sorted",
      description =
          "Refuse a table that is not empty and input that is out of order: all or nothing.")
  private boolean sorted;

  @Parameters(paramLabel = "FILE", description = "The file, or - for standard input.")
  private String file = "-";

  @Override
  public Integer call() throws IOException {
    try (InputStream stream = openInput();
        Store store = options.openOrCreate()) {
      Progress progress = new Progress(streams(), inputBytes());
      RecordSource source = source(ByteOrderMark.skip(progress.counting(stream)));
      Table table = options.table(store);
      long records = load(store, table, source, progress);
      store.checkpoint();
      report(records, progress);
    }
    return ExitCode.DONE;
  }

  private long load(Store store, Table table, RecordSource source, Progress progress)
      throws IOException {
    BatchWriter writer = new BatchWriter(store, table.name());
    long atOnce = 0;
    try {
      if (sorted) {
        return table.bulkLoad(new RecordsInOrder(source, progress));
      }
      if (isEmpty(table)) {
        AscendingRecords first = new AscendingRecords(source, progress);
        atOnce = table.bulkLoad(first);
        putRest(first, source, writer);
      }
      while (source.next()) {
        writer.put(source.key(), source.value());
        progress.record();
      }
      writer.finish();
      return atOnce + writer.recordCount();
    } catch (UncheckedIOException e) {
      throw malformed(Objects.requireNonNull(e.getCause()), atOnce + writer.recordCount());
    } catch (MalformedInputException e) {
      writer.finish();
      throw malformed(e, atOnce + writer.recordCount());
    } catch (IllegalArgumentException e) {
      String where = "near line " + source.lineNumber() + ": ";
      throw refused(where + e.getMessage(), atOnce + writer.recordCount());
    } catch (IllegalStateException e) { // the table is not empty
      throw new CommandFailure(ExitCode.DATA, String.valueOf(e.getMessage()));
    } finally {
      progress.end();
      writer.stop();
    }
  }

  private static boolean isEmpty(Table table) {
    try (Cursor cursor = table.cursor(Range.all())) {
      return !cursor.next();
    }
  }

  /** Goes on with the record at which the ascending ones ended. */
  private static void putRest(AscendingRecords first, RecordSource source, BatchWriter writer)
      throws MalformedInputException {
    MalformedInputException failure = first.failure();
    if (failure != null) {
      throw failure;
    }
    if (first.hasRest()) {
      writer.put(source.key(), source.value());
    }
  }

  private IOException malformed(IOException failure, long recordCount) {
    if (failure instanceof MalformedInputException) {
      throw refused(String.valueOf(failure.getMessage()), recordCount);
    }
    return failure;
  }

  private CommandFailure refused(String problem, long recordCount) {
    return new CommandFailure(
        ExitCode.DATA, "%s: %s (%,d records loaded)".formatted(file, problem, recordCount));
  }

  private RecordSource source(InputStream stream) {
    boolean hex = options.notation() == Notation.HEX;
    return switch (format) {
      case TSV -> hex ? new HexSource(new TsvSource(stream)) : new TsvSource(stream);
      case CSV -> {
        RecordSource csv =
            new CsvSource(stream, header, named(keyColumn, "1"), named(valueColumn, "2"));
        yield hex ? new HexSource(csv) : csv;
      }
      case JSONL ->
          new JsonlSource(stream, named(keyColumn, "key"), named(valueColumn, "value"), hex);
    };
  }

  private void report(long records, Progress progress) {
    if (options.isJson()) {
      out()
          .json(
              json -> {
                json.writeStartObject();
                json.writeNumberField("records", records);
                json.writeNumberField("bytes", progress.byteCount());
                json.writeNumberField("seconds", progress.seconds());
                json.writeEndObject();
              });
    } else {
      out()
          .format(
              "%,d records in %.1f s, %,.0f a second",
              records, progress.seconds(), records / Math.max(progress.seconds(), 1e-3));
    }
  }

  private static String named(@Nullable String column, String otherwise) {
    return column == null ? otherwise : column;
  }

  /** Opens the input; a file that cannot be read is the user's mistake. */
  private InputStream openInput() {
    if (file.equals("-")) {
      return streams().in();
    }
    Path path = Path.of(file);
    try {
      if (Files.isDirectory(path)) {
        throw new CommandFailure(ExitCode.NO_INPUT, path + " is a directory");
      }
      return Files.newInputStream(path);
    } catch (NoSuchFileException _) {
      throw new CommandFailure(ExitCode.NO_INPUT, "no file " + path);
    } catch (IOException e) {
      throw new CommandFailure(ExitCode.NO_INPUT, "cannot read " + path + ": " + e.getMessage());
    }
  }

  /** Returns the length of the input, -1 when it is not known beforehand. */
  private long inputBytes() throws IOException {
    Path path = Path.of(file);
    return !file.equals("-") && Files.isRegularFile(path) ? Files.size(path) : -1;
  }
}
