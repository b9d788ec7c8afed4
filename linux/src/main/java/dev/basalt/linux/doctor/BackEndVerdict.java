// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

/**
 * Whether a back end can drive a device.
 *
 * @param scheme of the back end
 * @param when whether it can
 * @param uri the device as that back end names it, also where it cannot drive it yet
 * @param reason why, or why not and what to do
 */
public record BackEndVerdict(String scheme, When when, String uri, String reason) {
  /** Whether a back end can drive a device. */
  public enum When {
    /** As the host is. */
    NOW,
    /** After the device was bound to vfio-pci. */
    AFTER_BIND,
    /** Not before something else is mended, or never. */
    NO
  }

  static BackEndVerdict no(String scheme, String reason) {
    return new BackEndVerdict(scheme, When.NO, "", reason);
  }

  /** Says whether, and why. */
  String text() {
    return switch (when) {
          case NOW -> "yes, ";
          case AFTER_BIND -> "not yet, ";
          case NO -> "no, ";
        }
        + reason;
  }
}
