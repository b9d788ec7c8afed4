// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import dev.basalt.linux.BlockClaim;
import dev.basalt.linux.host.BlockContent;
import dev.basalt.linux.host.BlockUse;
import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.HostFiles;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeDevices;
import dev.basalt.linux.host.NvmeNamespace;
import dev.basalt.linux.host.PciBus;
import dev.basalt.linux.host.PciFunction;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes devices from their kernel driver and gives them back.
 *
 * <p>Nothing that was found before counts: everything is looked at again right before the first
 * write, with all disks claimed so that nobody can mount one in between. A failed write undoes
 * those before it. Killed at any point it leaves a state that both {@link #bind} and {@link
 * #unbind} take on.
 *
 * <p><b>Concurrency.</b> One thread at a time; other processes may do the same to other devices.
 */
public final class DriverBinding {
  private final HostFiles files;
  private final AttributeWriter writer;

  /**
   * Creates the binding.
   *
   * @param files of the host
   * @param writer changes them
   */
  public DriverBinding(HostFiles files, AttributeWriter writer) {
    this.files = files;
    this.writer = writer;
  }

  /**
   * Looks whether and how a device could be handed to user space; changes nothing, needs no rights
   * beyond those to look.
   *
   * @param address of its function
   * @return what would be done
   * @throws BindRefusedException when it must not or cannot be taken
   * @throws IOException when it is gone
   */
  public BindProposal propose(String address) throws IOException {
    NvmeDevice device = device(address);
    PciFunction function = device.function();
    List<AttributeWrite> writes = function == null ? List.of() : BindPlan.bind(function);
    if (function != null && writes.isEmpty()) {
      return new BindProposal(device, List.of(), writes, 0);
    }
    BlockUses uses = new BlockUses(files);
    List<BlockContent> contents = BindCheck.contents(files, device);
    List<BindRefusal> refusals = new ArrayList<>();
    refusals.addAll(BindCheck.refusals(files, device, uses));
    refusals.addAll(BindCheck.refusals(contents));
    require(device, refusals);
    return new BindProposal(device, contents, writes, uses.unseenProcessCount());
  }

  /**
   * Hands a device to user space.
   *
   * @param address of its function
   * @param confirmation what the user gave to show that this device is meant, or null; needed where
   *     data may be lost
   * @return what was written; nothing when user space has the device already
   * @throws BindRefusedException when it must not or cannot be taken; nothing was changed
   * @throws UnconfirmedException when the confirmation is missing or another; nothing was changed
   * @throws IOException when the kernel refuses; the message says where the device is now
   */
  public List<AttributeWrite> bind(String address, @Nullable String confirmation)
      throws IOException {
    NvmeDevice device = device(address);
    try (BlockClaim claim = new BlockClaim()) {
      List<BindRefusal> claimed = claim(device, claim);
      BindProposal proposal = propose(address); // first, since it says who has claimed it
      require(device, claimed);
      if (!proposal.writes().isEmpty()) {
        requirePermission(device);
        requireConfirmation(proposal, confirmation);
        take(address, proposal.writes());
      }
      return proposal.writes();
    }
  }

  /**
   * Gives a device back to the kernel's driver, from any state.
   *
   * @param address of its function
   * @return what was written; nothing when the kernel's driver has it
   * @throws BindRefusedException when a process uses it; nothing was changed
   * @throws IOException when the kernel refuses or has no driver for it
   */
  public List<AttributeWrite> unbind(String address) throws IOException {
    NvmeDevice device = device(address);
    List<AttributeWrite> writes = proposeReturn(address);
    if (writes.isEmpty()) {
      return writes;
    }
    requirePermission(device);
    for (AttributeWrite write : writes) {
      writer.write(write);
    }
    String driver = function(address).driver();
    if (driver == null || driver.equals(PciFunction.VFIO_DRIVER)) {
      throw new IOException(
          "no driver of the kernel took " + address + ": modprobe nvme, then do this again");
    }
    return writes;
  }

  /**
   * Looks how a device could be given back; changes nothing.
   *
   * @param address of its function
   * @return what would be written; nothing when the kernel's driver has it
   * @throws BindRefusedException when a process uses it from user space
   * @throws IOException when it is gone
   */
  public List<AttributeWrite> proposeReturn(String address) throws IOException {
    NvmeDevice device = device(address);
    PciFunction function = function(address);
    if (!BindPlan.isWithKernel(function)) {
      List<BindRefusal> refusals = new ArrayList<>();
      for (BlockUse use : new BlockUses(files).of(device)) {
        refusals.add(new BindRefusal.InUse(use));
      }
      require(device, refusals);
    }
    return BindPlan.unbind(function);
  }

  /**
   * Looks whether this process may change drivers.
   *
   * @param device the one it is wanted for
   * @throws BindRefusedException when it may not
   */
  public void requirePermission(NvmeDevice device) throws BindRefusedException {
    if (!Files.isWritable(files.at(BindPlan.PROBE))) {
      require(device, List.of(new BindRefusal.NotPermitted(BindPlan.PROBE)));
    }
  }

  /** While a disk is claimed nobody can mount it or claim it otherwise. */
  private List<BindRefusal> claim(NvmeDevice device, BlockClaim claim) throws IOException {
    List<BindRefusal> claimed = new ArrayList<>();
    for (NvmeNamespace namespace : device.namespaces()) {
      if (!claim.tryAdd(files.at("/dev/" + namespace.name()))) {
        claimed.add(new BindRefusal.Claimed(namespace.name()));
      }
    }
    return claimed;
  }

  private void take(String address, List<AttributeWrite> writes) throws IOException {
    try {
      for (AttributeWrite write : writes) {
        writer.write(write);
      }
      String driver = function(address).driver();
      if (!PciFunction.VFIO_DRIVER.equals(driver)) {
        throw new IOException(
            "vfio-pci did not take " + address + ", its driver is " + driver + ": see dmesg");
      }
    } catch (IOException e) {
      throw new IOException(e.getMessage() + "; " + undo(address), e);
    }
  }

  /** Gives a half taken device back as far as that can be done, and says how far. */
  private String undo(String address) {
    try {
      for (AttributeWrite write : BindPlan.unbind(function(address))) {
        writer.write(write);
      }
      return "the device is back with the driver " + function(address).driver();
    } catch (IOException e) {
      return "giving the device back failed, too ("
          + e.getMessage()
          + "): run 'basalt device unbind "
          + address
          + "'";
    }
  }

  private static void require(NvmeDevice device, List<BindRefusal> refusals)
      throws BindRefusedException {
    if (!refusals.isEmpty()) {
      throw new BindRefusedException(device.name(), refusals);
    }
  }

  private static void requireConfirmation(BindProposal proposal, @Nullable String confirmation)
      throws UnconfirmedException {
    if (proposal.needsConfirmation() && !proposal.device().confirmation().equals(confirmation)) {
      throw new UnconfirmedException(proposal, confirmation);
    }
  }

  private NvmeDevice device(String address) throws IOException {
    for (NvmeDevice device : NvmeDevices.read(files)) {
      if (device.address().equals(address)) {
        return device;
      }
    }
    throw new IOException("there is no NVMe device at " + address + " any more");
  }

  private PciFunction function(String address) throws IOException {
    PciFunction function = PciBus.function(files, address);
    if (function == null) {
      throw new IOException("there is no PCI function " + address + " any more");
    }
    return function;
  }
}
