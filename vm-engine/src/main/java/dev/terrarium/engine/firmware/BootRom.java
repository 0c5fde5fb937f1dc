// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * The option ROM that starts a kernel without a disk. Its source is {@code boot-rom.asm} beside the assembled
 * {@code boot-rom.bin}; the checksums are filled in here.
 */
final class BootRom {
    private static final String RESOURCE = "boot-rom.bin";
    private static final int PNP_HEADER = 0x20;
    private static final int PNP_LENGTH = 32;
    private static final int PNP_CHECKSUM = PNP_HEADER + 9;

    private BootRom() {}

    static byte[] image() {
        byte[] rom = assembled();
        rom[PNP_CHECKSUM] = LittleEndian.checksum(rom, PNP_HEADER, PNP_HEADER + PNP_LENGTH);
        rom[rom.length - 1] = LittleEndian.checksum(rom, 0, rom.length);
        return rom;
    }

    static byte[] assembled() {
        try (InputStream in = BootRom.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException(RESOURCE + " is missing from the module");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
