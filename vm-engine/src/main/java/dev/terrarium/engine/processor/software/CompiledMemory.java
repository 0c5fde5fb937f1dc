// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.HostMemory;

/**
 * Guest memory for compiled code: {@link Mmu}'s hit path as static methods small enough to be inlined at every access.
 * Values are zero-extended. The table is one of {@link Mmu#reads} and {@link Mmu#writes}.
 */
final class CompiledMemory {
    private static final int INDEX_MASK = (Mmu.ENTRIES - 1) << 1;
    private static final long PAGE_MASK = ~0xFFFL;

    private CompiledMemory() {}

    private static int slot(long linear) {
        return (int) (linear >>> 11) & INDEX_MASK;
    }

    static long read8(long linear, long[] reads, Mmu mmu) {
        int slot = slot(linear);
        return reads[slot] == (linear & PAGE_MASK)
                ? HostMemory.ALL.get(HostMemory.BYTE, linear + reads[slot + 1]) & 0xFFL
                : mmu.missedRead(linear, 1);
    }

    static long read16(long linear, long[] reads, Mmu mmu) {
        int slot = slot(linear);
        return reads[slot] == ((linear + 1) & PAGE_MASK)
                ? HostMemory.ALL.get(HostMemory.SHORT, linear + reads[slot + 1]) & 0xFFFFL
                : mmu.missedRead(linear, 2);
    }

    static long read32(long linear, long[] reads, Mmu mmu) {
        int slot = slot(linear);
        return reads[slot] == ((linear + 3) & PAGE_MASK)
                ? HostMemory.ALL.get(HostMemory.INT, linear + reads[slot + 1]) & 0xFFFF_FFFFL
                : mmu.missedRead(linear, 4);
    }

    static long read64(long linear, long[] reads, Mmu mmu) {
        int slot = slot(linear);
        return reads[slot] == ((linear + 7) & PAGE_MASK)
                ? HostMemory.ALL.get(HostMemory.LONG, linear + reads[slot + 1])
                : mmu.missedRead(linear, 8);
    }

    static void write8(long linear, long value, long[] writes, Mmu mmu) {
        int slot = slot(linear);
        if (writes[slot] == (linear & PAGE_MASK)) {
            HostMemory.ALL.set(HostMemory.BYTE, linear + writes[slot + 1], (byte) value);
        } else {
            mmu.missedWrite(linear, 1, value & 0xFF);
        }
    }

    static void write16(long linear, long value, long[] writes, Mmu mmu) {
        int slot = slot(linear);
        if (writes[slot] == ((linear + 1) & PAGE_MASK)) {
            HostMemory.ALL.set(HostMemory.SHORT, linear + writes[slot + 1], (short) value);
        } else {
            mmu.missedWrite(linear, 2, value & 0xFFFF);
        }
    }

    static void write32(long linear, long value, long[] writes, Mmu mmu) {
        int slot = slot(linear);
        if (writes[slot] == ((linear + 3) & PAGE_MASK)) {
            HostMemory.ALL.set(HostMemory.INT, linear + writes[slot + 1], (int) value);
        } else {
            mmu.missedWrite(linear, 4, value & 0xFFFF_FFFFL);
        }
    }

    static void write64(long linear, long value, long[] writes, Mmu mmu) {
        int slot = slot(linear);
        if (writes[slot] == ((linear + 7) & PAGE_MASK)) {
            HostMemory.ALL.set(HostMemory.LONG, linear + writes[slot + 1], value);
        } else {
            mmu.missedWrite(linear, 8, value);
        }
    }

    /** Faults now if a write of {@code size} bytes would. */
    static void checkWrite(long linear, int size, long[] writes, Mmu mmu) {
        if (writes[slot(linear)] != ((linear + size - 1) & PAGE_MASK)) {
            mmu.missedCheck(linear, size);
        }
    }

    /** The low 8 bits of {@code value} in place of those of {@code register}, and so on. */
    static long insert8(long value, long register) {
        return (register & ~0xFFL) | (value & 0xFF);
    }

    static long insert8High(long value, long register) {
        return (register & ~0xFF00L) | (value & 0xFF) << 8;
    }

    static long insert16(long value, long register) {
        return (register & ~0xFFFFL) | (value & 0xFFFF);
    }
}
