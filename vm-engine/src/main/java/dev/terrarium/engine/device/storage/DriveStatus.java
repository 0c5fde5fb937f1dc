// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

/** Bits of the Status and Error registers (ATA/ATAPI-7 volume 1, 6.3 and 6.5). */
final class DriveStatus {
    static final int BSY = 0x80;
    static final int DRDY = 0x40;
    static final int DF = 0x20;
    static final int DSC = 0x10;
    static final int DRQ = 0x08;
    static final int ERR = 0x01;

    static final int ERROR_UNC = 0x40;
    static final int ERROR_IDNF = 0x10;
    static final int ERROR_ABRT = 0x04;

    private DriveStatus() {}
}
