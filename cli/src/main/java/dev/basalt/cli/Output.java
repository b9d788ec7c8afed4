// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Standard output: buffered bytes, UTF-8, and errors that are noticed.
 *
 * <p>{@link System#out} swallows errors, so that a scan into {@code head} would read the whole
 * table.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
final class Output {
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final JsonFactory JSON = new JsonFactory();

  private final OutputStream stream;

  /** Set by the first failure: nothing is written after that. */
  private boolean hasFailed;

  /**
   * Creates an output.
   *
   * @param target where the bytes go; flushed, never closed
   */
  Output(OutputStream target) {
    this.stream = new BufferedOutputStream(target, BUFFER_BYTES);
  }

  /**
   * Writes bytes as they are.
   *
   * @param bytes the bytes
   */
  void bytes(byte[] bytes) {
    try {
      stream.write(bytes);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /**
   * Writes a line.
   *
   * @param text without its end
   */
  void line(String text) {
    text(text);
    text("\n");
  }

  /**
   * Writes text.
   *
   * @param text without the end of a line, or with it
   */
  void text(String text) {
    bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Writes a formatted line, with English number formats.
   *
   * @param format as in {@link String#format}
   * @param arguments its arguments
   */
  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency of its own
  void format(String format, Object... arguments) {
    line(String.format(Locale.ROOT, format, arguments));
  }

  /**
   * Writes one JSON value and ends the line.
   *
   * @param writer writes the value
   */
  void json(JsonWriter writer) {
    try (JsonGenerator generator = JSON.createGenerator(stream)) {
      generator.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      generator.disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM.mappedFeature());
      writer.write(generator);
    } catch (IOException e) {
      throw failure(e);
    }
    line("");
  }

  /** Hands on what is buffered; does nothing once the output has failed. */
  void flush() {
    if (hasFailed) {
      return;
    }
    try {
      stream.flush();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private Failed failure(IOException cause) {
    hasFailed = true;
    return new Failed(cause);
  }

  /** Writes one JSON value. */
  @FunctionalInterface
  interface JsonWriter {
    /**
     * Writes it.
     *
     * @param json where to
     * @throws IOException when the output fails
     */
    void write(JsonGenerator json) throws IOException;
  }

  /** Standard output cannot take more. */
  static final class Failed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean isReaderGone;

    private Failed(IOException cause) {
      super("standard output: " + cause.getMessage(), cause);
      String message = String.valueOf(cause.getMessage());
      this.isReaderGone = message.contains("Broken pipe") || message.contains("Stream closed");
    }

    /**
     * Tells whether the reader went away, as {@code head} does when it has enough.
     *
     * @return false for any other error, such as a full disk
     */
    boolean isReaderGone() {
      return isReaderGone;
    }
  }
}
