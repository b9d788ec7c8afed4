// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A control group of its own for one process, whose memory can be limited, page cache included
 * (cgroups(7), version 1 or 2). Needs root, or a hierarchy that is writable.
 */
final class MemoryLimit implements AutoCloseable {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");
  private static final String PROCESSES = "cgroup.procs";

  private final Path group;
  private final Path limit;

  private MemoryLimit(Path group, String limitFile) {
    this.group = group;
    this.limit = group.resolve(limitFile);
  }

  /**
   * Makes a group without a limit.
   *
   * @param name of the group, beside which there is none of this name
   * @throws IOException when none can be made here, with the reason
   */
  static MemoryLimit create(String name) throws IOException {
    Path first = ROOT.resolve("memory");
    if (Files.exists(first.resolve(PROCESSES))) {
      return new MemoryLimit(Files.createDirectory(first.resolve(name)), "memory.limit_in_bytes");
    }
    Path controllers = ROOT.resolve("cgroup.subtree_control");
    if (!Files.exists(controllers) || !Files.readString(controllers).contains("memory")) {
      throw new IOException("no control groups for memory in " + ROOT);
    }
    return new MemoryLimit(Files.createDirectory(ROOT.resolve(name)), "memory.max");
  }

  /** A command to stand before another, which is then run in the group. */
  List<String> prefix() {
    return List.of(
        "sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", group.resolve(PROCESSES).toString());
  }

  /** Sets the limit. */
  void set(long bytes) throws IOException {
    Files.writeString(limit, Long.toString(bytes));
  }

  /** Removes the group; its process has ended. */
  @Override
  public void close() throws IOException {
    Files.delete(group);
  }
}
