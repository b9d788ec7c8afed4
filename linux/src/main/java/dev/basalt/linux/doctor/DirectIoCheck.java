// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.Errno;

/** Whether files at the target can be read past the page cache. */
record DirectIoCheck() implements Check {
  private static final String NAME = "O_DIRECT";

  @Override
  public Finding of(HostFacts facts) {
    return switch (facts.target()) {
      case Target.Device device -> Finding.ok(NAME, device.name() + " is a device");
      case Target.Disk disk -> Finding.ok(NAME, disk.name() + " is a device");
      case Target.Place place -> ofPlace(place);
    };
  }

  private static Finding ofPlace(Target.Place place) {
    String where = place.name() + " (" + place.direct().fileSystem() + ")";
    int errno = place.direct().errno();
    return switch (errno) {
      case 0 -> Finding.ok(NAME, "works at " + where);
      case Errno.EINVAL, Errno.EOPNOTSUPP ->
          Finding.problem(
              NAME,
              where + " refuses it",
              "a file system with direct I/O, for io_uring:",
              "name a place on a disk, or use file:");
      default ->
          Finding.problem(
              NAME,
              "a file at " + where + " cannot be opened: " + Errno.name(errno),
              "a place this user may write to",
              "name another place, or change its owner or rights");
    };
  }
}
