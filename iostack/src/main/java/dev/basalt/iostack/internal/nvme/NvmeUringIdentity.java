// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.nvme.ControllerIdentity;
import dev.basalt.iostack.nvme.NamespaceIdentity;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.NvmeAdminFile;
import dev.basalt.linux.NvmeGenericFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What controller and namespace say of themselves, asked through the kernel's driver.
 *
 * @param controller of the controller
 * @param namespace of the namespace
 * @param commandSet of the controller's NVM command set
 * @param hasPlacement whether flexible data placement is on in the namespace's endurance group
 */
record NvmeUringIdentity(
    ControllerIdentity controller,
    NamespaceIdentity namespace,
    CommandSetIdentity commandSet,
    boolean hasPlacement) {
  /**
   * Asks.
   *
   * @param file of the namespace
   * @param isZoned what the kernel thinks of it
   * @param timeoutMillis how long an answer may take
   * @throws IOException when the kernel or the controller refuses; the message says why
   */
  static NvmeUringIdentity read(NvmeGenericFile file, boolean isZoned, int timeoutMillis)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Admin admin = new Admin(file, timeoutMillis, arena);
      ControllerIdentity controller = ControllerIdentity.of(admin.identify(CNS_CONTROLLER, 0));
      int id = file.namespaceId();
      NamespaceIdentity namespace =
          NamespaceIdentity.of(
              id, admin.identify(CNS_NAMESPACE, id), commandSetNumber(admin, id, isZoned));
      boolean hasPlacement = controller.hasFlexiblePlacement() && admin.hasPlacement(namespace);
      return new NvmeUringIdentity(controller, namespace, commandSet(admin), hasPlacement);
    }
  }

  /** Before version 1.3 controllers do not tell, and only root may ask: else the kernel knows. */
  private static int commandSetNumber(Admin admin, int namespaceId, boolean isZoned) {
    try {
      return NamespaceIdentity.commandSet(admin.identify(CNS_NAMESPACE_DESCRIPTORS, namespaceId));
    } catch (NvmeException | ErrnoException _) {
      return isZoned ? NamespaceIdentity.COMMAND_SET_ZONED : NamespaceIdentity.COMMAND_SET_NVM;
    }
  }

  /** Before version 2.0 controllers do not tell. */
  private static CommandSetIdentity commandSet(Admin admin) throws ErrnoException {
    try {
      return CommandSetIdentity.of(admin.identify(CNS_COMMAND_SET_CONTROLLER, 0));
    } catch (NvmeException _) {
      return CommandSetIdentity.UNKNOWN;
    }
  }

  /** Commands of the admin queue; their data lives as long as the arena. */
  private record Admin(NvmeGenericFile file, int timeoutMillis, Arena arena) {
    MemorySegment identify(int structure, int namespaceId) throws ErrnoException, NvmeException {
      MemorySegment data = arena.allocate(IDENTIFY_BYTES, PAGE_BYTES);
      execute(ADMIN_IDENTIFY, namespaceId, structure, data);
      return data;
    }

    /** Asks for the feature (section 5.27.1.20 of version 2.0 with TP4146); only root may. */
    boolean hasPlacement(NamespaceIdentity namespace) {
      try {
        long dwords = FEATURE_FLEXIBLE_PLACEMENT | (long) namespace.enduranceGroup() << 32;
        return (execute(ADMIN_GET_FEATURES, 0, dwords, MemorySegment.NULL) & 1) != 0;
      } catch (NvmeException | ErrnoException _) {
        return false;
      }
    }

    private int execute(int opcode, int namespaceId, long dwords, MemorySegment data)
        throws ErrnoException, NvmeException {
      NvmeAdminFile.Answer answer = file.admin(opcode, namespaceId, dwords, data, timeoutMillis);
      if (answer.status() != 0) {
        throw NvmeException.refused(
            opcode, namespaceId, (int) dwords, NvmeStatus.ofField(answer.status()));
      }
      return answer.result();
    }
  }
}
