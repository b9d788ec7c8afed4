// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmcacheTest {
  @TempDir private Path directory;

  @Test
  void shouldReadTheLinesOfTheProgram() throws IOException {
    assertEquals(181234, Vmcache.operations("3,181234,708.1,0,vmcache,1,2000000,rndread,64"));
    assertThrows(IOException.class, () -> Vmcache.operations(null));
    assertThrows(IOException.class, () -> Vmcache.operations("cannot open BLOCK device"));
  }

  @Test
  void shouldReadTheTimesBehindTheCommand() {
    assertEquals(
        3_500_000_000L,
        Vmcache.cpuNanos("42 (vm) cache) S 1 42 42 0 -1 4194560 99 0 0 0 150 200 3 4 20 0 1 0"));
  }

  @Test
  void shouldNotBeThereUnlessNamed() throws IOException {
    assertNull(Vmcache.find(Map.of()));
    assertNull(Vmcache.find(Map.of("VMCACHE_BIN", directory.resolve("absent").toString())));
  }

  @Test
  void shouldRefuseALimitBelowItsUnit() throws IOException {
    Map<String, String> environment = Map.of("VMCACHE_BIN", program("").toString());
    Vmcache vmcache = Vmcache.find(environment);
    assertNotNull(vmcache);
    assertNull(vmcache.refusal(1L << 30));
    String refusal = vmcache.refusal(1L << 29);
    assertNotNull(refusal);
    assertTrue(refusal.contains("VMCACHE_GB_BYTES"), refusal);
  }

  @Test
  void shouldSayThatAUnitIsNoNumber() throws IOException {
    Map<String, String> environment =
        Map.of("VMCACHE_BIN", program("").toString(), "VMCACHE_GB_BYTES", "1 MiB");
    IOException e = assertThrows(IOException.class, () -> Vmcache.find(environment));
    assertTrue(String.valueOf(e.getMessage()).contains("'1 MiB'"));
  }

  /** A program of ours speaks as vmcache does, and says what it was told. */
  @Test
  void shouldTellTheProgramAndTakeItsRounds() throws IOException {
    Path program =
        program(
            """
            echo "$VIRTGB $PHYSGB $THREADS $DATASIZE $RNDREAD" >%s
            echo ts,tx,rmb,wmb,system,threads,datasize,workload,batch
            for i in $(seq "$RUNFOR"); do echo "$i,100$i,0,0,vmcache,2,5,rndread,64"; done
            exec sleep 60
            """
                .formatted(directory.resolve("told")));
    Vmcache vmcache =
        Vmcache.find(Map.of("VMCACHE_BIN", program.toString(), "VMCACHE_GB_BYTES", "" + (1 << 20)));
    assertNotNull(vmcache);
    BenchOptions options =
        new BenchOptions(true, directory, null, null, null, directory, new PeerSelection(Set.of()));
    List<Sample> samples = vmcache.reads(directory, 5_000, 8 << 20, 2, options);
    assertEquals("16384 8 2 5000 1\n", Files.readString(directory.resolve("told")));
    assertEquals(List.of(1003L, 1004L, 1005L), samples.stream().map(Sample::operations).toList());
  }

  private Path program(String body) throws IOException {
    Path program = Files.writeString(directory.resolve("program"), "#!/bin/sh\n" + body);
    assertTrue(program.toFile().setExecutable(true));
    return program;
  }
}
