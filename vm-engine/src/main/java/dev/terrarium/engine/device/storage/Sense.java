// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

/** Why a packet command failed: sense key, additional sense code and its qualifier (MMC-5, annex F). */
enum Sense {
    NONE(0, 0x0000),
    MEDIUM_NOT_PRESENT(0x2, 0x3A00),
    UNRECOVERED_READ_ERROR(0x3, 0x1100),
    INVALID_COMMAND(0x5, 0x2000),
    LBA_OUT_OF_RANGE(0x5, 0x2100),
    INVALID_FIELD(0x5, 0x2400),
    MEDIUM_REMOVAL_PREVENTED(0x5, 0x5302),
    ILLEGAL_MODE_FOR_TRACK(0x5, 0x6400),
    MEDIUM_MAY_HAVE_CHANGED(0x6, 0x2800);

    private final int key;
    private final int additional;

    Sense(int key, int additional) {
        this.key = key;
        this.additional = additional;
    }

    int key() {
        return key;
    }

    /** Additional sense code in the high byte, qualifier in the low one. */
    int additional() {
        return additional;
    }
}
