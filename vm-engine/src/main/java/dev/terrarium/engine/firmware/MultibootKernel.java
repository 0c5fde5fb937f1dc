// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import dev.terrarium.engine.TerrariumException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A multiboot kernel, as an ELF file or with addresses in its header (Multiboot Specification 0.6.96). */
final class MultibootKernel {
    private static final long MAGIC = 0x1BADB002L;
    private static final int SEARCH = 8192;
    private static final int HEADER_ADDRESSES = 12;
    private static final int NO_HEADER = -1;
    private static final long FLAG_ADDRESSES = 1 << 16;

    /** Features that the kernel insists on: modules on page boundaries, memory information, a video mode. */
    private static final long UNDERSTOOD = 0x7;

    private static final long ELF_MAGIC = 0x464C457FL;
    private static final int ELF_CLASS = 4;
    private static final int ELF_CLASS_64 = 2;
    private static final int ELF_MACHINE = 18;
    private static final int MACHINE_386 = 3;
    private static final int MACHINE_X86_64 = 62;
    private static final int PROGRAM_LOAD = 1;

    private static final int INFO = 0x9000;
    private static final int INFO_SIZE = 88;
    private static final int INFO_END = 0xC000;
    private static final int MODULE_SIZE = 16;

    private static final int INFO_MEMORY = 0x001;
    private static final int INFO_COMMAND_LINE = 0x004;
    private static final int INFO_MODULES = 0x008;
    private static final int INFO_MEMORY_MAP = 0x040;
    private static final int INFO_LOADER_NAME = 0x200;

    private static final long LOW_START = 0x10000;
    private static final long LOW_END = 0x9F000;
    private static final long HIGH_START = 0x100000;
    private static final long BIOS_RESERVE = 2 << 20;
    private static final int PAGE = 4096;

    private final KernelFile kernel;
    private final List<Path> modules;
    private final String commandLine;
    private final MemoryMap memory;

    private record Segment(int offset, int fileSize, long address, long memorySize) {}

    private record Image(long entry, List<Segment> segments) {}

    MultibootKernel(KernelFile kernel, List<Path> modules, String commandLine, MemoryMap memory) {
        this.kernel = kernel;
        this.modules = modules;
        this.commandLine = commandLine;
        this.memory = memory;
    }

    static boolean recognises(KernelFile file) {
        return header(file) != NO_HEADER;
    }

    private static int header(KernelFile file) {
        for (int at = 0; at + 12 <= Math.min(SEARCH, file.length()); at += 4) {
            long sum = file.u32(at) + file.u32(at + 4) + file.u32(at + 8);
            if (file.u32(at) == MAGIC && (int) sum == 0) {
                return at;
            }
        }
        return NO_HEADER;
    }

    BootPayload load() throws TerrariumException {
        int header = header(kernel);
        long flags = kernel.u32(header + 4);
        if ((flags & 0xFFFF & ~UNDERSTOOD) != 0) {
            throw new TerrariumException(kernel.path() + " asks for multiboot features that there are not: flags "
                    + Long.toHexString(flags));
        }
        Image image = (flags & FLAG_ADDRESSES) != 0 ? addressed(header) : elf();
        BootPayload payload = BootPayload.multiboot((int) image.entry(), INFO);
        long end = HIGH_START;
        for (Segment segment : image.segments()) {
            if (payload.full()) {
                throw kernel.damaged("it has too many segments");
            }
            requireRoom(segment.address(), segment.memorySize());
            payload.add(segment.address(), kernel.bytes(), segment.offset(), segment.fileSize());
            payload.addZeros(segment.address() + segment.fileSize(), segment.memorySize() - segment.fileSize());
            end = Math.max(end, segment.address() + segment.memorySize());
        }
        addInformation(payload, end);
        return payload;
    }

    private void requireRoom(long address, long size) throws TerrariumException {
        boolean low = address >= LOW_START && address + size <= LOW_END;
        boolean high = address >= HIGH_START && address + size <= memory.low() - BIOS_RESERVE;
        if (!low && !high) {
            throw new TerrariumException(
                    "%s wants to be at 0x%x to 0x%x, where the machine has no free memory: give it more"
                            .formatted(kernel.path(), address, address + size));
        }
    }

    /** The header's own addresses (3.1.3). */
    private Image addressed(int header) throws TerrariumException {
        long headerAddress = kernel.u32(header + HEADER_ADDRESSES);
        long load = kernel.u32(header + HEADER_ADDRESSES + 4);
        long loadEnd = kernel.u32(header + HEADER_ADDRESSES + 8);
        long bssEnd = kernel.u32(header + HEADER_ADDRESSES + 12);
        long entry = kernel.u32(header + HEADER_ADDRESSES + 16);
        long offset = header - (headerAddress - load);
        if (offset < 0 || offset >= kernel.length()) {
            throw kernel.damaged("its load address lies outside the file");
        }
        long fileSize = loadEnd == 0 ? kernel.length() - offset : loadEnd - load;
        if (!kernel.has(offset, fileSize)) {
            throw kernel.damaged("it is shorter than its header says");
        }
        long memorySize = Math.max(fileSize, bssEnd == 0 ? 0 : bssEnd - load);
        return new Image(entry, List.of(new Segment((int) offset, (int) fileSize, load, memorySize)));
    }

    private Image elf() throws TerrariumException {
        int machine = kernel.u16(ELF_MACHINE);
        if (kernel.u32(0) != ELF_MAGIC || machine != MACHINE_386 && machine != MACHINE_X86_64) {
            throw new TerrariumException(
                    kernel.path() + " is neither an ELF file for x86 nor says where to load it: link it again");
        }
        boolean wide = kernel.u8(ELF_CLASS) == ELF_CLASS_64;
        long table = wide ? kernel.u64(32) : kernel.u32(28);
        int entrySize = kernel.u16(wide ? 54 : 42);
        int count = kernel.u16(wide ? 56 : 44);
        long entry = wide ? kernel.u64(24) : kernel.u32(24);
        if (entrySize < (wide ? 56 : 32) || !kernel.has(table, (long) entrySize * count)) {
            throw kernel.damaged("its program headers lie outside the file");
        }
        List<Segment> segments = new ArrayList<>();
        long physicalEntry = entry;
        for (int i = 0; i < count; i++) {
            int at = (int) table + i * entrySize;
            if (kernel.u32(at) != PROGRAM_LOAD) {
                continue;
            }
            long offset = wide ? kernel.u64(at + 8) : kernel.u32(at + 4);
            long virtual = wide ? kernel.u64(at + 16) : kernel.u32(at + 8);
            long physical = wide ? kernel.u64(at + 24) : kernel.u32(at + 12);
            long fileSize = wide ? kernel.u64(at + 32) : kernel.u32(at + 16);
            long memorySize = wide ? kernel.u64(at + 40) : kernel.u32(at + 20);
            if (memorySize == 0) {
                continue;
            }
            if (!kernel.has(offset, fileSize) || memorySize < fileSize || memorySize > memory.low()) {
                throw kernel.damaged("segment " + i + " lies outside the file");
            }
            if (entry >= virtual && entry < virtual + memorySize) {
                physicalEntry = entry - virtual + physical;
            }
            segments.add(new Segment((int) offset, (int) fileSize, physical, memorySize));
        }
        if (segments.isEmpty()) {
            throw kernel.damaged("it has nothing to load");
        }
        return new Image(physicalEntry, segments);
    }

    /** The information structure, the module list and their strings (3.3); the boot ROM adds the memory map. */
    private void addInformation(BootPayload payload, long kernelEnd) throws TerrariumException {
        int moduleList = INFO + INFO_SIZE;
        int stringsAt = moduleList + MODULE_SIZE * modules.size();
        LittleEndian strings = LittleEndian.of(256);
        LittleEndian list = LittleEndian.of(64);
        int commandLineAt = stringsAt + strings.size();
        string(strings, (kernel.path() + " " + commandLine).strip());
        int loaderAt = stringsAt + strings.size();
        string(strings, "Terrarium");
        long end = kernelEnd;
        for (Path path : modules) {
            if (payload.full()) {
                throw new TerrariumException("There are too many modules: join some of them");
            }
            KernelFile module = KernelFile.read(path, memory.low());
            long start = (end + PAGE - 1) / PAGE * PAGE;
            end = start + module.length();
            requireRoom(start, module.length());
            payload.add(start, module.bytes());
            list.u32(start).u32(end).u32(stringsAt + strings.size()).u32(0);
            string(strings, path.toString());
        }
        LittleEndian information = LittleEndian.of(INFO_SIZE)
                .u32(INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME)
                .zeros(12)
                .u32(commandLineAt)
                .u32(modules.size())
                .u32(moduleList)
                .zeros(16)
                .zeros(8)
                .zeros(12)
                .u32(loaderAt)
                .zeros(INFO_SIZE - 68)
                .bytes(list.toByteArray())
                .bytes(strings.toByteArray());
        if (INFO + information.size() > INFO_END) {
            throw new TerrariumException("The kernel's command line is too long: shorten it");
        }
        payload.add(INFO, information.toByteArray());
    }

    private static void string(LittleEndian strings, String text) {
        strings.bytes(text.getBytes(StandardCharsets.UTF_8)).u8(0);
    }
}
