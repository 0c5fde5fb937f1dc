// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import dev.terrarium.engine.TerrariumException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A Linux bzImage, entered at its real-mode setup code (Documentation/arch/x86/boot.rst, protocol 2.04 and later). */
final class LinuxKernel {
    private static final int SETUP_SECTS = 0x1F1;
    private static final int VID_MODE = 0x1FA;
    private static final int HEADER_MAGIC = 0x202;
    private static final int VERSION = 0x206;
    private static final int TYPE_OF_LOADER = 0x210;
    private static final int LOADFLAGS = 0x211;
    private static final int RAMDISK_IMAGE = 0x218;
    private static final int RAMDISK_SIZE = 0x21C;
    private static final int HEAP_END_PTR = 0x224;
    private static final int CMD_LINE_PTR = 0x228;
    private static final int INITRD_ADDR_MAX = 0x22C;
    private static final int CMDLINE_SIZE = 0x238;
    private static final int PREF_ADDRESS = 0x258;
    private static final int INIT_SIZE = 0x260;

    private static final long MAGIC = 0x53726448;
    private static final int OLDEST_VERSION = 0x204;
    private static final int VERSION_CMDLINE_SIZE = 0x206;
    private static final int VERSION_PREF_ADDRESS = 0x20A;
    private static final int OLD_CMDLINE_SIZE = 255;
    private static final int LOADED_HIGH = 0x01;
    private static final int CAN_USE_HEAP = 0x80;
    private static final int LOADER_UNDEFINED = 0xFF;
    private static final int DEFAULT_SETUP_SECTS = 4;
    private static final int SECTOR = 512;

    private static final int VIDEO_NORMAL = 0xFFFF;
    private static final int VIDEO_EXTENDED = 0xFFFE;
    private static final int VIDEO_ASK = 0xFFFD;

    private static final int REAL_MODE = 0x10000;
    private static final int COMMAND_LINE = 0x20000;
    private static final int MAX_SETUP = 0x8000;
    private static final int STACK = 0xFFF0;
    private static final int HEAP_END = 0xE000 - 0x200;
    private static final long PROTECTED_MODE = 0x100000;
    private static final int PAGE = 4096;

    /** The BIOS keeps its tables at the end of low memory. */
    private static final long BIOS_RESERVE = 2 << 20;

    private final KernelFile kernel;
    private final List<Path> initrd;
    private final String commandLine;
    private final MemoryMap memory;

    LinuxKernel(KernelFile kernel, List<Path> initrd, String commandLine, MemoryMap memory) {
        this.kernel = kernel;
        this.initrd = initrd;
        this.commandLine = commandLine;
        this.memory = memory;
    }

    static boolean recognises(KernelFile file) {
        return file.u16(0x1FE) == 0xAA55 && file.u32(HEADER_MAGIC) == MAGIC;
    }

    BootPayload load() throws TerrariumException {
        int version = kernel.u16(VERSION);
        if (version < OLDEST_VERSION || (kernel.u8(LOADFLAGS) & LOADED_HIGH) == 0) {
            throw new TerrariumException(kernel.path() + " is too old a Linux kernel: use one that is a bzImage");
        }
        int sectors = kernel.u8(SETUP_SECTS) == 0 ? DEFAULT_SETUP_SECTS : kernel.u8(SETUP_SECTS);
        int setupSize = (sectors + 1) * SECTOR;
        if (setupSize > MAX_SETUP || kernel.length() <= setupSize) {
            throw kernel.damaged("it ends within its setup code");
        }
        byte[] line = commandLine(version);
        byte[] setup = Arrays.copyOf(kernel.bytes(), setupSize);
        setup[TYPE_OF_LOADER] = (byte) LOADER_UNDEFINED;
        setup[LOADFLAGS] |= (byte) CAN_USE_HEAP;
        put(setup, VID_MODE, 2, videoMode());
        put(setup, HEAP_END_PTR, 2, HEAP_END);
        put(setup, CMD_LINE_PTR, 4, COMMAND_LINE);

        long kernelEnd = PROTECTED_MODE + kernel.length() - setupSize;
        if (version >= VERSION_PREF_ADDRESS) {
            kernelEnd = Math.max(kernelEnd, kernel.u64(PREF_ADDRESS) + kernel.u32(INIT_SIZE));
        }
        if (kernelEnd < 0 || kernelEnd > memory.low() - BIOS_RESERVE) {
            throw new TerrariumException("The kernel needs " + mebibytes(kernelEnd + BIOS_RESERVE)
                    + " MiB of memory: give the machine more");
        }
        BootPayload payload = BootPayload.linux((REAL_MODE + SECTOR) >> 4, REAL_MODE >> 4, STACK);
        for (Path path : initrd) {
            KernelFile file = KernelFile.read(path, memory.low());
            long top = Math.min(kernel.u32(INITRD_ADDR_MAX) + 1, memory.low() - BIOS_RESERVE);
            long address = (top - file.length()) / PAGE * PAGE;
            if (address < kernelEnd) {
                throw new TerrariumException(
                        "Kernel and initrd need " + mebibytes(kernelEnd + file.length() + BIOS_RESERVE)
                                + " MiB of memory: give the machine more");
            }
            put(setup, RAMDISK_IMAGE, 4, address);
            put(setup, RAMDISK_SIZE, 4, file.length());
            payload.add(address, file.bytes());
        }
        payload.add(REAL_MODE, setup);
        payload.add(COMMAND_LINE, line);
        payload.add(PROTECTED_MODE, kernel.bytes(), setupSize, kernel.length() - setupSize);
        return payload;
    }

    private static long mebibytes(long bytes) {
        return (bytes + (1 << 20) - 1) >> 20;
    }

    private byte[] commandLine(int version) throws TerrariumException {
        byte[] line = commandLine.getBytes(StandardCharsets.UTF_8);
        long most = version >= VERSION_CMDLINE_SIZE ? kernel.u32(CMDLINE_SIZE) : OLD_CMDLINE_SIZE;
        if (line.length > most) {
            throw new TerrariumException(
                    "The kernel's command line is too long: " + most + " characters are the most for this kernel");
        }
        return Arrays.copyOf(line, line.length + 1);
    }

    /** The boot loader, not the kernel, has to heed {@code vga=} on the command line. */
    private int videoMode() throws TerrariumException {
        int mode = VIDEO_NORMAL;
        for (String word : commandLine.split("\\s+", -1)) {
            if (word.startsWith("vga=")) {
                mode = videoMode(word.substring("vga=".length()).toLowerCase(Locale.ROOT));
            }
        }
        return mode;
    }

    private static int videoMode(String name) throws TerrariumException {
        switch (name) {
            case "normal":
                return VIDEO_NORMAL;
            case "ext":
                return VIDEO_EXTENDED;
            case "ask":
                return VIDEO_ASK;
            default:
                try {
                    return Integer.decode(name) & 0xFFFF;
                } catch (NumberFormatException e) {
                    throw new TerrariumException("vga=" + name + " is not a video mode: use a number or normal", e);
                }
        }
    }

    private static void put(byte[] target, int offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            target[offset + i] = (byte) (value >>> (8 * i));
        }
    }
}
