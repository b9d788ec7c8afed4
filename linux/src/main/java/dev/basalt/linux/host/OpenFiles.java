// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which processes have device nodes open (proc(5), fd). */
final class OpenFiles {
  private static final Pattern PROCESS = Pattern.compile("\\d+");

  /** By name, not by directory: a process in a container may have its devices elsewhere. */
  private static final Pattern NODE = Pattern.compile("/dev/.+|.*/((nvme|ng)\\d\\S*|vfio/\\S+)");

  private final List<OpenFile> open = new ArrayList<>();
  private int unseenCount;

  /**
   * An open device node.
   *
   * @param path as the process sees it
   * @param processId the process
   */
  record OpenFile(String path, long processId) {
    String node() {
      return path.substring(path.lastIndexOf('/') + 1);
    }
  }

  OpenFiles(HostFiles files) {
    String self = files.linkName("/proc/self");
    for (String process : files.names("/proc")) {
      if (PROCESS.matcher(process).matches() && !process.equals(self)) {
        read(files, process);
      }
    }
  }

  /** Returns what is open and named so. */
  List<OpenFile> of(Predicate<OpenFile> named) {
    return open.stream().filter(named).distinct().toList();
  }

  /** Returns how many processes did not let this one look. */
  int unseenCount() {
    return unseenCount;
  }

  private void read(HostFiles files, String process) {
    try (Stream<Path> descriptors = Files.list(files.at("/proc/" + process + "/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        String target = target(descriptor);
        if (target != null && NODE.matcher(target).matches() && !Files.isRegularFile(descriptor)) {
          open.add(new OpenFile(target, Long.parseLong(process)));
        }
      }
    } catch (AccessDeniedException _) { // Another user's.
      unseenCount++;
    } catch (IOException | UncheckedIOException _) { // The process has ended.
      return;
    }
  }

  private static @Nullable String target(Path descriptor) throws IOException {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (NoSuchFileException _) { // Closed since it was listed.
      return null;
    }
  }
}
