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

/**
 * Random reads by fio's io_uring engine, with the flags of Basalt's rings: registered file,
 * ordinary buffers, no polling. Submissions and completions are batched and fio's own clock reading
 * is reduced, both to fio's advantage. Its CPU time is that of the job, start-up not included.
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
          "--time_based=1",
          "--output-format=json");

  private final Path program;
  private final ObjectMapper json = new ObjectMapper();

  Fio(Path program) {
    this.program = program;
  }

  Sample reads(Path file, int readBytes, int depth, long nanos) throws IOException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(OPTIONS);
    command.add("--filename=" + file);
    command.add("--bs=" + readBytes);
    command.add("--iodepth=" + depth);
    command.add("--iodepth_batch_submit=" + depth);
    command.add("--iodepth_batch_complete_min=1");
    command.add("--iodepth_batch_complete_max=" + depth);
    command.add("--runtime=" + TimeUnit.NANOSECONDS.toMillis(nanos) + "ms");
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    // Warnings may stand before the JSON.
    JsonNode job = json.readTree(output.substring(Math.max(0, output.indexOf('{')))).at("/jobs/0");
    if (job.isMissingNode() || job.path("error").asInt() != 0) {
      throw new IOException("fio failed: " + output);
    }
    return sample(job);
  }

  private static Sample sample(JsonNode job) {
    long wallNanos = TimeUnit.MILLISECONDS.toNanos(job.path("job_runtime").asLong());
    double cpuPercent = job.path("usr_cpu").asDouble() + job.path("sys_cpu").asDouble();
    return Sample.of(
        job.at("/read/total_ios").asLong(), wallNanos, (long) (wallNanos * cpuPercent / 100));
  }
}
