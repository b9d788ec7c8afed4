// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Random reads by fio's io_uring engine, with the flags of Basalt's rings: registered file,
 * ordinary buffers, no polling. Submissions and completions are batched and fio's own clock reading
 * is reduced, both to fio's advantage.
 *
 * <p>Its CPU time is that of the whole process less that of a run with one read, which is its
 * start-up. What fio itself reports leaves out the kernel's worker threads, which on a memory file
 * system do most of the work.
 */
final class Fio {
  private static final List<String> OPTIONS =
      List.of(
          "--name=randread",
          "--rw=randread",
          "--ioengine=io_uring",
          "--direct=1",
          "--registerfiles=1",
          "--norandommap=1",
          "--random_generator=tausworthe64",
          "--randrepeat=0",
          "--gtod_reduce=1",
          "--invalidate=0",
          "--output-format=json");

  /** The second line of the shell's times: minutes and seconds, user and system. */
  private static final Pattern TIMES =
      Pattern.compile("\\n(\\d+)m([\\d.]+)s (\\d+)m([\\d.]+)s\\s*$");

  private final Path program;
  private final ObjectMapper json = new ObjectMapper();

  Fio(Path program) {
    this.program = program;
  }

  /** Reads for some time. */
  Sample reads(Path file, int readBytes, int depth, long nanos) throws IOException {
    long startUpNanos = run(command(file, readBytes, depth, "--number_ios=1")).cpuNanos();
    long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
    Sample whole =
        run(command(file, readBytes, depth, "--time_based=1", "--runtime=" + millis + "ms"));
    return Sample.of(whole.operations(), whole.wallNanos(), whole.cpuNanos() - startUpNanos);
  }

  private List<String> command(Path file, int readBytes, int depth, String... howLong) {
    // The shell prints the CPU time of its children.
    List<String> command = new ArrayList<>(List.of("sh", "-c", "\"$@\" && times", "sh"));
    command.add(program.toString());
    command.addAll(OPTIONS);
    command.add("--filename=" + file);
    command.add("--bs=" + readBytes);
    command.add("--iodepth=" + depth);
    command.add("--iodepth_batch_submit=" + depth);
    command.add("--iodepth_batch_complete_min=1");
    command.add("--iodepth_batch_complete_max=" + depth);
    command.addAll(List.of(howLong));
    return command;
  }

  private Sample run(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    // Warnings may stand before the JSON; the times stand behind it.
    JsonNode job = json.readTree(output.substring(Math.max(0, output.indexOf('{')))).at("/jobs/0");
    Matcher times = TIMES.matcher(output.substring(output.lastIndexOf('}') + 1));
    if (job.isMissingNode() || job.path("error").asInt() != 0 || !times.find()) {
      throw new IOException("fio failed: " + output);
    }
    long cpuNanos = nanos(times.group(1), times.group(2)) + nanos(times.group(3), times.group(4));
    long wallNanos = TimeUnit.MILLISECONDS.toNanos(job.path("job_runtime").asLong());
    return Sample.of(job.at("/read/total_ios").asLong(), wallNanos, cpuNanos);
  }

  private static long nanos(String minutes, String seconds) {
    return TimeUnit.MINUTES.toNanos(Long.parseLong(minutes))
        + Math.round(Double.parseDouble(seconds) * 1e9);
  }
}
