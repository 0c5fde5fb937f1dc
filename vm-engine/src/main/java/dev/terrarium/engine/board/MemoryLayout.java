// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.MemoryBus;
import dev.terrarium.engine.device.chipset.ShadowMemory;
import dev.terrarium.engine.memory.CodePages;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.memory.MemoryMap;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The PC's memory: RAM below the PCI window and above 4 GiB, the BIOS at the top of 4 GiB and its end again below 1 MiB,
 * and the shadow RAM between 768 KiB and 1 MiB that the host bridge's PAM registers switch.
 */
final class MemoryLayout implements ShadowMemory, AutoCloseable {
    static final long VIDEO_MEMORY_BYTES = 16 << 20;
    private static final long VIDEO_WINDOW = 0xA_0000;
    private static final long ONE_MEBIBYTE = 0x10_0000;
    private static final long FOUR_GIBIBYTES = 1L << 32;
    private static final long LOW_BIOS_BYTES = 0x2_0000;

    private final HostBlock ram;
    private final long lowBytes;
    private final HostBlock bios;
    private final HostBlock videoMemory;
    private final HostBlock vgaRom;
    private final MemoryMap map;
    private final Map<Integer, MemoryBus.Mapping> shadows = new HashMap<>();

    private MemoryLayout(
            HostBlock ram, long lowBytes, HostBlock bios, HostBlock videoMemory, HostBlock vgaRom, MemoryMap map) {
        this.ram = ram;
        this.lowBytes = lowBytes;
        this.bios = bios;
        this.videoMemory = videoMemory;
        this.vgaRom = vgaRom;
        this.map = map;
    }

    static MemoryLayout create(
            dev.terrarium.engine.firmware.MemoryMap sizes,
            byte[] biosImage,
            byte[] vgaBios,
            long vgaRomBytes,
            ReentrantLock boardLock)
            throws TerrariumException {
        HostBlock[] blocks = allocate(sizes.low() + sizes.high(), biosImage.length, VIDEO_MEMORY_BYTES, vgaRomBytes);
        long top = sizes.high() > 0 ? FOUR_GIBIBYTES + sizes.high() : sizes.low();
        MemoryLayout layout = new MemoryLayout(
                blocks[0], sizes.low(), blocks[1], blocks[2], blocks[3], new MemoryMap(boardLock, new CodePages(top)));
        copy(vgaBios, layout.vgaRom, vgaRomBytes);
        copy(biosImage, layout.bios, biosImage.length);
        layout.wire(sizes);
        return layout;
    }

    private static HostBlock[] allocate(long... sizes) throws TerrariumException {
        HostBlock[] blocks = new HostBlock[sizes.length];
        try {
            for (int i = 0; i < sizes.length; i++) {
                blocks[i] = HostBlock.allocate(sizes[i]);
            }
            return blocks;
        } catch (IOException e) {
            for (HostBlock block : blocks) {
                if (block != null) {
                    block.close();
                }
            }
            throw new TerrariumException(
                    "the host has no memory for the machine (" + e.getMessage() + "): give it less, or close others",
                    e);
        }
    }

    private static void copy(byte[] image, HostBlock to, long maximum) {
        int length = (int) Math.min(image.length, maximum);
        MemorySegment.copy(image, 0, HostMemory.ALL, ValueLayout.JAVA_BYTE, to.address(), length);
    }

    private void wire(dev.terrarium.engine.firmware.MemoryMap sizes) {
        long address = ram.address();
        map.mapDirect(0, VIDEO_WINDOW, address, address);
        map.mapDirect(ONE_MEBIBYTE, sizes.low() - ONE_MEBIBYTE, address + ONE_MEBIBYTE, address + ONE_MEBIBYTE);
        if (sizes.high() > 0) {
            map.mapDirect(FOUR_GIBIBYTES, sizes.high(), address + sizes.low(), address + sizes.low());
        }
        map.mapDirect(FOUR_GIBIBYTES - bios.size(), bios.size(), bios.address(), MemoryBus.NOT_DIRECT);
        long lowPart = Math.min(LOW_BIOS_BYTES, bios.size());
        map.mapDirect(ONE_MEBIBYTE - lowPart, lowPart, bios.address() + bios.size() - lowPart, MemoryBus.NOT_DIRECT);
    }

    /** Where in its block the RAM of a physical address is; -1 if there is none. */
    long offsetInRam(long physical) {
        if (physical < lowBytes) {
            return physical;
        }
        long high = physical - FOUR_GIBIBYTES;
        return high >= 0 && high < ram.size() - lowBytes ? lowBytes + high : -1;
    }

    MemoryMap map() {
        return map;
    }

    HostBlock ram() {
        return ram;
    }

    HostBlock videoMemory() {
        return videoMemory;
    }

    HostBlock vgaRom() {
        return vgaRom;
    }

    @Override
    public void set(int base, int size, boolean readRam, boolean writeRam) {
        MemoryBus.Mapping previous = shadows.remove(base);
        if (previous != null) {
            previous.remove();
        }
        if (readRam || writeRam) {
            long address = ram.address() + base;
            shadows.put(
                    base,
                    map.mapDirect(
                            base,
                            size,
                            readRam ? address : MemoryBus.NOT_DIRECT,
                            writeRam ? address : MemoryBus.NOT_DIRECT));
        }
    }

    @Override
    public void close() {
        ram.close();
        bios.close();
        videoMemory.close();
        vgaRom.close();
    }
}
