// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * CSV as in RFC 4180: fields may be quoted and then hold commas, quotes (doubled) and line ends.
 *
 * <p>Columns are named by number, the first being 1, or by the first line if that is a header.
 */
public final class CsvSource implements RecordSource {
  /** The reader's buffer grows up to this as fields need it. */
  private static final int FIELD_CHARS_MAX = 1 << 30;

  private final CloseableIterator<CsvRecord> records;
  private final String keyName;
  private final String valueName;
  private final boolean hasHeader;

  private int keyColumn = -1;
  private int valueColumn = -1;
  private @Nullable CsvRecord record;

  /**
   * Creates a source.
   *
   * @param stream the input in UTF-8; closed by the caller
   * @param hasHeader whether the first line names the columns
   * @param keyName name or number of the column with the key
   * @param valueName name or number of the column with the value
   */
  public CsvSource(InputStream stream, boolean hasHeader, String keyName, String valueName) {
    InputStreamReader reader =
        new InputStreamReader(
            stream,
            StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT));
    this.records =
        CsvReader.builder()
            .maxBufferSize(FIELD_CHARS_MAX)
            .skipEmptyLines(true)
            .allowExtraFields(true)
            .allowMissingFields(true)
            .ofCsvRecord(reader)
            .iterator();
    this.keyName = keyName;
    this.valueName = valueName;
    this.hasHeader = hasHeader;
  }

  @Override
  public boolean next() throws IOException {
    if (keyColumn < 0) {
      findColumns();
    }
    record = read();
    if (record == null) {
      return false;
    }
    int needed = Math.max(keyColumn, valueColumn) + 1;
    if (record.getFieldCount() < needed) {
      throw new MalformedInputException(
          record.getStartingLineNumber(),
          record.getFieldCount() + " columns, needed: " + needed + " or more");
    }
    return true;
  }

  @Override
  public byte[] key() {
    return current().getField(keyColumn).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public byte[] value() {
    return current().getField(valueColumn).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public long lineNumber() {
    return record == null ? 1 : record.getStartingLineNumber();
  }

  private CsvRecord current() {
    if (record == null) {
      throw new IllegalStateException("no current record");
    }
    return record;
  }

  private @Nullable CsvRecord read() throws IOException {
    try {
      return records.hasNext() ? records.next() : null;
    } catch (CsvParseException e) {
      if (e.getCause() instanceof IOException cause) {
        throw readFailure(cause);
      }
      Throwable reason = e.getCause() == null ? e : e.getCause();
      throw new MalformedInputException(lineNumber(), String.valueOf(reason.getMessage()));
    } catch (UncheckedIOException e) {
      throw readFailure(Objects.requireNonNull(e.getCause()));
    }
  }

  private IOException readFailure(IOException cause) {
    boolean isEncoding =
        cause instanceof java.nio.charset.CharacterCodingException
            || cause instanceof CharConversionException;
    return isEncoding
        ? new MalformedInputException(lineNumber(), "at or soon after it: not UTF-8")
        : cause;
  }

  private void findColumns() throws IOException {
    CsvRecord header = hasHeader ? read() : null;
    keyColumn = column(keyName, header);
    valueColumn = column(valueName, header);
  }

  private static int column(String name, @Nullable CsvRecord header) throws IOException {
    if (header != null) {
      int index = header.getFields().indexOf(name);
      if (index >= 0) {
        return index;
      }
    }
    if (name.matches("[1-9][0-9]{0,5}")) {
      return Integer.parseInt(name) - 1;
    }
    throw new MalformedInputException(
        1,
        header == null
            ? "column '" + name + "' needs a header (--header), or give its number"
            : "no column '" + name + "'; there are: " + String.join(", ", header.getFields()));
  }
}
