// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import dev.terrarium.engine.device.ByteRegisters;

/**
 * The window at A0000h to BFFFFh as the graphics controller shows it: four planes with latches, write modes 0 to 3 and
 * read modes 0 and 1, odd/even and chain-4 addressing (IBM VGA, Graphics Controller).
 *
 * <p>The planes lie side by side: byte {@code p} of the 32-bit word at {@code 4 * a} is plane p at address a. In chain-4
 * the processor's address is then simply the byte's.
 */
final class PlanarMemory implements ByteRegisters {
    static final int WINDOW = 0x20000;

    private static final int ODD_EVEN = 0x10;
    private static final int READ_MODE_1 = 0x08;
    private static final int CHAIN_4 = 0x08;
    private static final int NOT_MAPPED = -1;

    /** A nibble's bits spread over the bytes of a word. */
    private static final int[] SPREAD = new int[16];

    static {
        for (int i = 0; i < 16; i++) {
            for (int plane = 0; plane < 4; plane++) {
                SPREAD[i] |= (i >> plane & 1) == 0 ? 0 : 0xFF << (8 * plane);
            }
        }
    }

    private final VideoMemory memory;
    private final VgaRegisters registers;
    private final BochsDisplay bochs;
    private int latch;

    PlanarMemory(VideoMemory memory, VgaRegisters registers, BochsDisplay bochs) {
        this.memory = memory;
        this.registers = registers;
        this.bochs = bochs;
    }

    static int spread(int nibble) {
        return SPREAD[nibble & 0xF];
    }

    int latch() {
        return latch;
    }

    void setLatch(int value) {
        latch = value;
    }

    /** Where the window shows memory byte by byte, so that the processor may go there by itself; -1 if it does not. */
    long linearOffset() {
        if (bochs.linear()) {
            return bochs.bankOffset();
        }
        boolean wholeWords = chained()
                && registers.sequencer(VgaRegisters.SEQ_MAP_MASK) == 0xF
                && memoryMap() == 1
                && (registers.miscellaneous() & VgaRegisters.MISC_RAM_ENABLE) != 0;
        return wholeWords ? bochs.bankOffset() : NOT_MAPPED;
    }

    private boolean chained() {
        return (registers.sequencer(VgaRegisters.SEQ_MEMORY_MODE) & CHAIN_4) != 0;
    }

    private int memoryMap() {
        return registers.graphics(VgaRegisters.GC_MISCELLANEOUS) >> 2 & 3;
    }

    private long address(int offset) {
        if (bochs.linear()) {
            return offset < 0x10000 ? bochs.bankOffset() + offset : NOT_MAPPED;
        }
        if ((registers.miscellaneous() & VgaRegisters.MISC_RAM_ENABLE) == 0) {
            return NOT_MAPPED;
        }
        return switch (memoryMap()) {
            case 0 -> offset;
            case 1 -> offset < 0x10000 ? bochs.bankOffset() + offset : NOT_MAPPED;
            case 2 -> offset >= 0x10000 && offset < 0x18000 ? offset - 0x10000 : NOT_MAPPED;
            default -> offset >= 0x18000 ? offset - 0x18000 : NOT_MAPPED;
        };
    }

    @Override
    public int readByte(int offset) {
        if (offset < 0 || offset >= WINDOW) {
            return 0xFF;
        }
        long address = address(offset);
        if (address == NOT_MAPPED) {
            return 0xFF;
        }
        if (bochs.linear() || chained()) {
            return memory.readByte(address);
        }
        if ((registers.graphics(VgaRegisters.GC_MODE) & ODD_EVEN) != 0) {
            int plane = registers.graphics(VgaRegisters.GC_READ_MAP) & 2 | (int) address & 1;
            return memory.readByte((address & ~1) * 2 + plane);
        }
        latch = memory.readInt(4 * address);
        if ((registers.graphics(VgaRegisters.GC_MODE) & READ_MODE_1) == 0) {
            return latch >>> (8 * registers.graphics(VgaRegisters.GC_READ_MAP)) & 0xFF;
        }
        int difference = (latch ^ spread(registers.graphics(VgaRegisters.GC_COLOR_COMPARE)))
                & spread(registers.graphics(VgaRegisters.GC_COLOR_DONT_CARE));
        difference |= difference >>> 16;
        difference |= difference >>> 8;
        return ~difference & 0xFF;
    }

    @Override
    public void writeByte(int offset, int value) {
        if (offset < 0 || offset >= WINDOW) {
            return;
        }
        long address = address(offset);
        if (address == NOT_MAPPED) {
            return;
        }
        int mapMask = registers.sequencer(VgaRegisters.SEQ_MAP_MASK);
        if (bochs.linear()) {
            memory.writeByte(address, value);
        } else if (chained()) {
            if ((mapMask >> (address & 3) & 1) != 0) {
                memory.writeByte(address, value);
            }
        } else if ((registers.graphics(VgaRegisters.GC_MODE) & ODD_EVEN) != 0) {
            int plane = registers.graphics(VgaRegisters.GC_READ_MAP) & 2 | (int) address & 1;
            if ((mapMask >> plane & 1) != 0) {
                memory.writeByte((address & ~1) * 2 + plane, value);
            }
        } else {
            int planes = spread(mapMask);
            int old = memory.readInt(4 * address);
            memory.writeInt(4 * address, old & ~planes | compose(value) & planes);
        }
    }

    /** What the four planes are to hold, before the map mask. */
    private int compose(int value) {
        int mode = registers.graphics(VgaRegisters.GC_MODE) & 3;
        int bitMask = registers.graphics(VgaRegisters.GC_BIT_MASK);
        int setReset = spread(registers.graphics(VgaRegisters.GC_SET_RESET));
        return switch (mode) {
            case 0 -> {
                int enabled = spread(registers.graphics(VgaRegisters.GC_ENABLE_SET_RESET));
                yield combine(rotate(value) * 0x01010101 & ~enabled | setReset & enabled, bitMask);
            }
            case 1 -> latch;
            case 2 -> combine(spread(value), bitMask);
            default -> masked(setReset, rotate(value) & bitMask);
        };
    }

    private int rotate(int value) {
        int count = registers.graphics(VgaRegisters.GC_DATA_ROTATE) & 7;
        return (value >> count | value << (8 - count)) & 0xFF;
    }

    private int combine(int data, int bitMask) {
        int result =
                switch (registers.graphics(VgaRegisters.GC_DATA_ROTATE) >> 3) {
                    case 0 -> data;
                    case 1 -> data & latch;
                    case 2 -> data | latch;
                    default -> data ^ latch;
                };
        return masked(result, bitMask);
    }

    private int masked(int data, int bitMask) {
        int mask = bitMask * 0x01010101;
        return data & mask | latch & ~mask;
    }

    /** What a guest draws may be drawn a moment later, but before it looks. */
    @Override
    public boolean postsWrites() {
        return true;
    }
}
