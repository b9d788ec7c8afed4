// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.DeviceUri;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Opens regular files: {@code file:/data/store}. With {@code create=true} a missing file is
 * created, empty; with {@code size=1GiB} the file is made at least so large.
 */
public final class FileDeviceProvider implements BlockDeviceProvider {
  /** Creates the provider; for {@link java.util.ServiceLoader}. */
  public FileDeviceProvider() {}

  @Override
  public String scheme() {
    return "file";
  }

  @Override
  public Availability availability() {
    return new Availability(true, "regular files through the page cache, on any system");
  }

  @Override
  public boolean canCreate() {
    return true;
  }

  @Override
  public BlockDevice open(DeviceUri uri, Execution execution) throws IOException {
    UriOptions options = new UriOptions(uri, "create", "size");
    return FileDevice.open(
        Path.of(uri.target()),
        options.flag("create", false),
        options.sizeBytes("size", 0),
        execution);
  }
}
