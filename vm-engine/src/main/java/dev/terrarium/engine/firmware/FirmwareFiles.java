// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The BIOS images that the host's SeaBIOS package installed. */
public final class FirmwareFiles {
    private static final List<Path> FOLDERS =
            List.of(Path.of("/usr/share/seabios"), Path.of("/usr/share/qemu"), Path.of("/usr/local/share/seabios"));
    private static final List<String> BIOS_NAMES = List.of("bios-256k.bin", "bios.bin");
    private static final List<String> VGA_BIOS_NAMES = List.of("vgabios-stdvga.bin");
    private static final int MAX_SIZE = 16 << 20;
    private static final int BLOCK = 0x10000;

    private final List<Path> folders;

    /** Looks where distributions put them. */
    public FirmwareFiles() {
        this(FOLDERS);
    }

    /** Looks in these folders, in this order. */
    public FirmwareFiles(List<Path> folders) {
        this.folders = List.copyOf(folders);
    }

    /** The system BIOS: a multiple of 64 KiB whose last byte lies at 4 GiB - 1. */
    public byte[] bios() throws TerrariumException {
        Path path = find(BIOS_NAMES);
        byte[] bios = read(path);
        if (bios.length == 0 || bios.length % BLOCK != 0) {
            throw new TerrariumException(path + " is damaged: run apt-get install --reinstall seabios");
        }
        return bios;
    }

    /** The VGA BIOS: an option ROM for the standard VGA. */
    public byte[] vgaBios() throws TerrariumException {
        Path path = find(VGA_BIOS_NAMES);
        byte[] rom = read(path);
        if (rom.length < 512 || rom[0] != 0x55 || (rom[1] & 0xFF) != 0xAA) {
            throw new TerrariumException(path + " is damaged: run apt-get install --reinstall seabios");
        }
        return rom;
    }

    private Path find(List<String> names) throws TerrariumException {
        for (Path folder : folders) {
            for (String name : names) {
                Path path = folder.resolve(name);
                if (Files.isRegularFile(path)) {
                    return path;
                }
            }
        }
        throw new TerrariumException("SeaBIOS is not installed: run apt-get install seabios");
    }

    private static byte[] read(Path path) throws TerrariumException {
        try {
            if (Files.size(path) > MAX_SIZE) {
                throw new TerrariumException(
                        path + " is too large for a BIOS: run apt-get install --reinstall seabios");
            }
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new TerrariumException(path + " cannot be read: check its permissions", e);
        }
    }
}
