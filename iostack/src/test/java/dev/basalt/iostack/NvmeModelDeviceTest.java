// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import dev.basalt.iostack.internal.nvme.NvmeModels;
import java.io.IOException;
import java.nio.file.Path;

/** The NVMe driver against a controller in memory: small transfers, so that many are split. */
class NvmeModelDeviceTest extends BlockDeviceConformance {
  @Override
  BlockDevice open(Path directory) throws IOException {
    return NvmeModels.device(512, 16 << 20);
  }
}
