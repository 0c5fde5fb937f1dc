// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/**
 * What a PCI function says that it is (PCI Local Bus Specification 3.0, section 6.2.1).
 *
 * @param classCode base class, subclass and programming interface: 24 bits
 */
public record PciIdentity(
        int vendor, int device, int revision, int classCode, int subsystemVendor, int subsystemDevice) {
    /** An identity without subsystem. */
    public PciIdentity(int vendor, int device, int revision, int classCode) {
        this(vendor, device, revision, classCode, 0, 0);
    }
}
