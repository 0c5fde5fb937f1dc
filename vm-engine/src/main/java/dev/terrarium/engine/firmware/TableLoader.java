// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

/**
 * The script by which the BIOS puts tables into memory: it allocates files, adds their addresses to pointers in them,
 * and computes checksums (the bios-linker-loader of QEMU's fw_cfg).
 */
final class TableLoader {
    static final int ZONE_HIGH = 1;
    static final int ZONE_F_SEGMENT = 2;

    private static final int COMMAND_ALLOCATE = 1;
    private static final int COMMAND_ADD_POINTER = 2;
    private static final int COMMAND_ADD_CHECKSUM = 3;
    private static final int ENTRY = 128;
    private static final int FILE_NAME = 56;

    private final LittleEndian script = LittleEndian.of(32 * ENTRY);

    TableLoader allocate(String file, int alignment, int zone) {
        script.u32(COMMAND_ALLOCATE)
                .text(file, FILE_NAME, '\0')
                .u32(alignment)
                .u8(zone)
                .alignTo(ENTRY);
        return this;
    }

    /** Adds the address of {@code source} to the {@code size}-byte offset that stands in {@code target}. */
    TableLoader addPointer(String target, String source, int offset, int size) {
        script.u32(COMMAND_ADD_POINTER)
                .text(target, FILE_NAME, '\0')
                .text(source, FILE_NAME, '\0')
                .u32(offset)
                .u8(size)
                .alignTo(ENTRY);
        return this;
    }

    TableLoader addChecksum(String file, int at, int start, int length) {
        script.u32(COMMAND_ADD_CHECKSUM)
                .text(file, FILE_NAME, '\0')
                .u32(at)
                .u32(start)
                .u32(length)
                .alignTo(ENTRY);
        return this;
    }

    byte[] toByteArray() {
        return script.toByteArray();
    }
}
