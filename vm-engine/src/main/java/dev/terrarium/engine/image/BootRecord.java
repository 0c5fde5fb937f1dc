// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The first sector of a disk, which a PC's BIOS loads and starts. */
public final class BootRecord {
    private static final int SECTOR = 512;
    private static final int SIGNATURE_OFFSET = 510;

    /** From here on a record holds the disk's number and the partition table (UEFI specification, 5.2.1). */
    private static final int CODE_LENGTH = 440;

    private BootRecord() {}

    /**
     * Whether a BIOS finds something to run on a disk: the signature 55 AA, and code. A BIOS looks for the signature
     * alone; a disk that has partitions but no boot loader yet has it too, and would run zeros for ever.
     */
    public static boolean isOn(DiskImage disk) throws IOException {
        if (disk.size() < SECTOR) {
            return false;
        }
        ByteBuffer record = ByteBuffer.allocate(SECTOR);
        disk.read(record, 0);
        byte[] sector = record.array();
        if (sector[SIGNATURE_OFFSET] != 0x55 || sector[SIGNATURE_OFFSET + 1] != (byte) 0xAA) {
            return false;
        }
        for (int i = 0; i < CODE_LENGTH; i++) {
            if (sector[i] != 0) {
                return true;
            }
        }
        return false;
    }
}
