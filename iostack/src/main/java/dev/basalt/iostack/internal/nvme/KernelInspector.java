// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.nvme.ControllerIdentity;
import dev.basalt.iostack.nvme.ErrorLogEntry;
import dev.basalt.iostack.nvme.HealthLog;
import dev.basalt.iostack.nvme.NamespaceIdentity;
import dev.basalt.iostack.nvme.NvmeInspector;
import dev.basalt.linux.NvmeAdminFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * Asks a controller through the kernel's driver.
 *
 * <p><b>Ownership.</b> Owns the descriptor of the controller's character device.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
public final class KernelInspector implements NvmeInspector {
  private static final int TIMEOUT_MILLIS = 5_000;

  /** Of commands about no namespace in particular. */
  private static final int ALL_NAMESPACES = -1;

  private final NvmeAdminFile file;

  private KernelInspector(NvmeAdminFile file) {
    this.file = file;
  }

  /**
   * Opens the character device of a controller.
   *
   * @param node such as {@code /dev/nvme0}
   * @return the inspector, to be closed by the caller
   * @throws IOException when it cannot be opened
   */
  public static KernelInspector open(Path node) throws IOException {
    return new KernelInspector(NvmeAdminFile.open(node));
  }

  @Override
  public ControllerIdentity identity() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return ControllerIdentity.of(identify(CNS_CONTROLLER, 0, arena));
    }
  }

  @Override
  public List<Integer> namespaceIds() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return NamespaceIdentity.idsOf(identify(CNS_ACTIVE_NAMESPACES, 0, arena));
    }
  }

  @Override
  public NamespaceIdentity namespace(int id) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return NamespaceIdentity.of(id, identify(CNS_NAMESPACE, id, arena), commandSet(id, arena));
    }
  }

  /** Before version 1.3 controllers do not tell, and know no other. */
  private int commandSet(int id, Arena arena) throws IOException {
    try {
      return NamespaceIdentity.commandSet(identify(CNS_NAMESPACE_DESCRIPTORS, id, arena));
    } catch (NvmeException _) {
      return NamespaceIdentity.COMMAND_SET_NVM;
    }
  }

  @Override
  public HealthLog health() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return HealthLog.of(logPage(LOG_HEALTH, HealthLog.BYTES, arena));
    }
  }

  @Override
  public List<ErrorLogEntry> errors() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return ErrorLogEntry.listOf(logPage(LOG_ERROR, IDENTIFY_BYTES, arena));
    }
  }

  @Override
  public void close() {
    file.close();
  }

  private MemorySegment identify(int structure, int id, Arena arena) throws IOException {
    return read(ADMIN_IDENTIFY, id, structure, IDENTIFY_BYTES, arena);
  }

  private MemorySegment logPage(int page, int lengthBytes, Arena arena) throws IOException {
    long dwords = lengthBytes / Integer.BYTES - 1L;
    return read(ADMIN_GET_LOG_PAGE, ALL_NAMESPACES, page | dwords << 16, lengthBytes, arena);
  }

  private MemorySegment read(int opcode, int id, long dwords, int lengthBytes, Arena arena)
      throws IOException {
    MemorySegment data = arena.allocate(lengthBytes, PAGE_BYTES);
    int status = file.admin(opcode, id, dwords, data, TIMEOUT_MILLIS).status();
    if (status != 0) {
      throw NvmeException.refused(opcode, id, (int) dwords, NvmeStatus.ofField(status));
    }
    return data;
  }
}
