// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.basalt.bench.PeersReport.Contestant;
import dev.basalt.bench.PeersReport.Measurement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * A report as a page with charts, which needs nothing but itself: data and the library that draws
 * (Chart.js) are in it. The template is {@code peers.html} beside this class.
 */
final class PeersPage {
  private static final String TEMPLATE = "/dev/basalt/bench/peers.html";
  private static final String CHARTS = "/META-INF/resources/webjars/chart.js/";

  /**
   * What the page shows of a measurement.
   *
   * @param title the activity
   * @param conditions of it
   * @param columns heads of the table
   * @param rows a row for each store
   * @param stores the stores, as the charts name them
   * @param perCpuSecond median of each
   * @param lows least of each
   * @param highs greatest of each
   * @param micros99 99th percentile of the latency of each, in microseconds; empty when not timed
   */
  public record Chart(
      String title,
      String conditions,
      List<String> columns,
      List<List<String>> rows,
      List<String> stores,
      List<Double> perCpuSecond,
      List<Double> lows,
      List<Double> highs,
      List<Double> micros99) {}

  /**
   * What the page shows of a target.
   *
   * @param benchmark what was measured
   * @param target what must be reached
   * @param measured the figures
   * @param reached yes, no or skipped
   */
  public record Line(String benchmark, String target, String measured, String reached) {}

  /**
   * What the page shows.
   *
   * @param machine where it ran, by name
   * @param flags of all JVMs
   * @param stores what was compared
   * @param notes what was left out
   * @param targets what was to be reached
   * @param charts the measurements
   */
  public record Content(
      Map<String, String> machine,
      List<String> flags,
      List<Contestant> stores,
      List<String> notes,
      List<Line> targets,
      List<Chart> charts) {}

  private PeersPage() {}

  /** Writes {@code peers.json} and {@code peers.html} into a directory, and says so. */
  static void write(PeersReport report, Path directory) throws IOException {
    Files.createDirectories(directory);
    Path json = directory.resolve("peers.json");
    Path page = directory.resolve("peers.html");
    new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(json.toFile(), report);
    Files.writeString(page, html(report));
    System.out.println("written: " + json + ", " + page);
  }

  /** The page. */
  static String html(PeersReport report) throws IOException {
    String charts =
        Archive.text(
            CHARTS + Archive.version("org.webjars.npm", "chart.js") + "/dist/chart.umd.js");
    return Archive.text(TEMPLATE)
        .replace("/*CHARTS*/", charts.replace("</script", "<\\/script"))
        .replace("/*DATA*/", data(report));
  }

  /** The content as a literal of a script; nothing in it ends the script. */
  private static String data(PeersReport report) throws JsonProcessingException {
    return new ObjectMapper().writeValueAsString(content(report)).replace("<", "\\u003c");
  }

  private static Content content(PeersReport report) {
    return new Content(
        report.machine().lines(),
        report.flags(),
        report.stores(),
        report.notes(),
        report.targets().stream().map(PeersPage::line).toList(),
        report.measurements().stream()
            .filter(measurement -> !measurement.samples().isEmpty())
            .map(PeersPage::chart)
            .toList());
  }

  private static Line line(Result result) {
    return new Line(result.benchmark(), result.target(), result.measured(), result.word());
  }

  private static Chart chart(Measurement measurement) {
    List<String> stores = List.copyOf(measurement.samples().keySet());
    List<Spread> rates =
        stores.stream()
            .map(store -> Spread.of(measurement.of(store), Sample::operationsPerCpuSecond))
            .toList();
    boolean isTimed =
        stores.stream()
            .anyMatch(store -> !measurement.of(store).getLast().latency().equals(Latency.UNKNOWN));
    return new Chart(
        measurement.activity(),
        measurement.conditions(),
        PeersText.columns(measurement),
        stores.stream().map(store -> PeersText.row(store, measurement)).toList(),
        stores,
        figures(rates, Spread::median),
        figures(rates, Spread::min),
        figures(rates, Spread::max),
        isTimed
            ? stores.stream().map(store -> micros99(measurement.of(store))).toList()
            : List.of());
  }

  private static List<Double> figures(List<Spread> spreads, ToDoubleFunction<Spread> figure) {
    return spreads.stream().map(figure::applyAsDouble).toList();
  }

  private static double micros99(List<Sample> samples) {
    return Math.max(0, Spread.of(samples, sample -> sample.latency().nanos99() / 1e3).median());
  }
}
