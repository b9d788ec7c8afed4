// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;

/** Devices over {@link ModelController} for tests of other packages. */
public final class NvmeModels {
  private NvmeModels() {}

  /** Opens a namespace of a model that transfers 16 KiB at once. */
  public static BlockDevice device(int blockBytes, int sizeBytes) throws IOException {
    ModelController model =
        new ModelController(
            new ModelController.Shape(2, 1 | 1 << 2 | 1 << 3, true),
            new ModelNamespace(blockBytes, sizeBytes));
    return NvmeNamespaceDevice.open(
        NvmeController.open(model, NvmeConfig.defaults(), Execution.threads()), 1, "model");
  }
}
