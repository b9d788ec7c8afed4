// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.engine.Cursor;
import dev.basalt.engine.Range;
import dev.basalt.engine.Store;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints entries in key order. */
@Command(
    name = "scan",
    description = {
      "Prints entries in key order: key, tab, value.",
      "With --json one object a line, in the form 'load --format jsonl' reads.",
    },
    mixinStandardHelpOptions = true)
final class ScanCommand extends StoreCommand {
  @Option(names = "--prefix", paramLabel = "KEY", description = "Only keys that start with it.")
  private @Nullable String prefix;

  @Option(names = "--from", paramLabel = "KEY", description = "Only keys at or above it.")
  private @Nullable String from;

  @Option(names = "--to", paramLabel = "KEY", description = "Only keys below it.")
  private @Nullable String to;

  @Option(names = "--reverse", description = "From the last key to the first.")
  private boolean reverse;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "At most this many entries.",
      defaultValue = "9223372036854775807",
      showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
  private long limit = Long.MAX_VALUE;

  @Option(names = "--count", description = "Print only how many entries there are.")
  private boolean count;

  @Option(names = "--keys-only", description = "Print no values.")
  private boolean keysOnly;

  @Override
  public Integer call() {
    if (limit < 0) {
      throw new CommandFailure(ExitCode.USAGE, "--limit is " + limit + ", needed: 0 or more");
    }
    Range range = range();
    try (Store store = options.open();
        Cursor cursor = options.existingTable(store).cursor(range)) {
      long visited = 0;
      while (visited < limit && (reverse ? cursor.previous() : cursor.next())) {
        visited++;
        if (!count) {
          print(cursor);
        }
      }
      if (count) {
        printCount(visited);
      }
    }
    return ExitCode.DONE;
  }

  /** Returns the keys that satisfy all of prefix, from and to. */
  private Range range() {
    Range keys = prefix == null ? Range.all() : Range.prefix(options.notation().parse(prefix));
    byte[] low = keys.low();
    byte[] high = keys.high();
    if (from != null) {
      byte[] bound = options.notation().parse(from);
      low = low == null || Arrays.compareUnsigned(bound, low) > 0 ? bound : low;
    }
    if (to != null) {
      byte[] bound = options.notation().parse(to);
      high = high == null || Arrays.compareUnsigned(bound, high) < 0 ? bound : high;
    }
    return between(low, high);
  }

  private static Range between(byte @Nullable [] low, byte @Nullable [] high) {
    if (high == null) {
      return low == null ? Range.all() : Range.from(low);
    }
    return low == null ? Range.to(high) : Range.fromTo(low, high);
  }

  private void print(Cursor cursor) {
    Notation notation = options.notation();
    if (options.isJson()) {
      out()
          .json(
              json -> {
                json.writeStartObject();
                notation.writeField(json, "key", cursor.key());
                if (!keysOnly) {
                  notation.writeField(json, "value", cursor.value());
                }
                json.writeEndObject();
              });
      return;
    }
    out().bytes(notation.print(cursor.key()));
    if (!keysOnly) {
      out().text("\t");
      out().bytes(notation.print(cursor.value()));
    }
    out().line("");
  }

  private void printCount(long visited) {
    if (options.isJson()) {
      out()
          .json(
              json -> {
                json.writeStartObject();
                json.writeNumberField("count", visited);
                json.writeEndObject();
              });
    } else {
      out().line(Long.toString(visited));
    }
  }
}
