// SPDX-License-Identifier: Apache-2.0
/** Block devices, queue pairs, pollers and the simulated device. */
module dev.basalt.iostack {
  requires static transitive org.jspecify;
  requires transitive dev.basalt.linux;
  requires dev.basalt.spdk;
  requires com.lmax.disruptor;

  exports dev.basalt.iostack;
  exports dev.basalt.iostack.agent;
  exports dev.basalt.iostack.nvme;
  exports dev.basalt.iostack.sim;

  uses dev.basalt.iostack.BlockDeviceProvider;

  provides dev.basalt.iostack.BlockDeviceProvider with
      dev.basalt.iostack.internal.FileDeviceProvider,
      dev.basalt.iostack.internal.RamDeviceProvider,
      dev.basalt.iostack.internal.UringDeviceProvider,
      dev.basalt.iostack.internal.driver.NativeRamProvider,
      dev.basalt.iostack.internal.driver.SpdkProvider,
      dev.basalt.iostack.internal.driver.XnvmeProvider,
      dev.basalt.iostack.internal.nvme.NvmeUringDeviceProvider,
      dev.basalt.iostack.internal.nvme.VfioDeviceProvider,
      dev.basalt.iostack.sim.SimulatedDeviceProvider;
}
