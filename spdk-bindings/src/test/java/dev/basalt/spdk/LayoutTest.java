// SPDX-License-Identifier: Apache-2.0
package dev.basalt.spdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.spdk.generated.basalt_command;
import dev.basalt.spdk.generated.basalt_completion;
import dev.basalt.spdk.generated.basalt_driver;
import dev.basalt.spdk.generated.basalt_info;
import dev.basalt.spdk.generated.basalt_piece;
import java.io.IOException;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.PaddingLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The structures as the bindings have them against what the C compiler makes of the header. */
class LayoutTest {
  private static final Path PROGRAM =
      Path.of(System.getProperty(DriverLibraries.PATH_PROPERTY, "")).resolve("layout");
  private static final List<GroupLayout> LAYOUTS =
      List.of(
          basalt_piece.layout(),
          basalt_command.layout(),
          basalt_completion.layout(),
          basalt_info.layout(),
          basalt_driver.layout());

  @Test
  void shouldBeThoseOfTheCompiler() throws IOException {
    assumeTrue(Files.isExecutable(PROGRAM), "there is no C compiler: " + PROGRAM + " is missing");
    Process process = new ProcessBuilder(PROGRAM.toString()).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assertEquals(
        String.join("\n", bindings()), String.join("\n", new TreeSet<>(printed.lines().toList())));
  }

  /** Returns a line for each structure and each field, as the program prints them. */
  private static Set<String> bindings() {
    Set<String> lines = new TreeSet<>();
    for (GroupLayout layout : LAYOUTS) {
      String structure = layout.name().orElseThrow();
      lines.add(structure + " " + layout.byteSize());
      long offset = 0;
      for (MemoryLayout member : layout.memberLayouts()) {
        if (!(member instanceof PaddingLayout)) {
          String field = structure + "." + member.name().orElseThrow();
          lines.add(field + " " + offset + " " + member.byteSize());
        }
        offset += member.byteSize();
      }
    }
    return lines;
  }
}
