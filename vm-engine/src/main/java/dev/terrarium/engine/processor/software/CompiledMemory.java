// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.Unchecked;

/**
 * Guest memory for compiled code: {@link Mmu}'s hit path as static methods small enough to be inlined at every access.
 * Values are zero-extended. The table is one of {@link Mmu#reads} and {@link Mmu#writes}. {@code site} and {@code executed}
 * tell where the access is in its region, should it raise an exception; they cost nothing on the hit path.
 */
final class CompiledMemory {
    /** A table's entries are pairs of longs. */
    private static final int OFFSET_MASK = (Mmu.ENTRIES - 1) << 4;

    private static final long PAGE_MASK = ~0xFFFL;

    private CompiledMemory() {}

    /** Where in the array object a page's entry is. */
    static long slot(long linear) {
        return Unchecked.LONGS + (linear >>> 8 & OFFSET_MASK);
    }

    static long read8(long linear, long[] reads, Mmu mmu, int site, int executed) {
        long slot = slot(linear);
        return Unchecked.element(reads, slot) == (linear & PAGE_MASK)
                ? Unchecked.getByte(linear + Unchecked.element(reads, slot + 8)) & 0xFFL
                : mmu.missedRead(linear, 1, site, executed);
    }

    static long read16(long linear, long[] reads, Mmu mmu, int site, int executed) {
        long slot = slot(linear);
        return Unchecked.element(reads, slot) == ((linear + 1) & PAGE_MASK)
                ? Unchecked.getShort(linear + Unchecked.element(reads, slot + 8)) & 0xFFFFL
                : mmu.missedRead(linear, 2, site, executed);
    }

    static long read32(long linear, long[] reads, Mmu mmu, int site, int executed) {
        long slot = slot(linear);
        return Unchecked.element(reads, slot) == ((linear + 3) & PAGE_MASK)
                ? Unchecked.getInt(linear + Unchecked.element(reads, slot + 8)) & 0xFFFF_FFFFL
                : mmu.missedRead(linear, 4, site, executed);
    }

    static long read64(long linear, long[] reads, Mmu mmu, int site, int executed) {
        long slot = slot(linear);
        return Unchecked.element(reads, slot) == ((linear + 7) & PAGE_MASK)
                ? Unchecked.getLong(linear + Unchecked.element(reads, slot + 8))
                : mmu.missedRead(linear, 8, site, executed);
    }

    static void write8(long linear, long value, long[] writes, Mmu mmu, int site, int executed) {
        long slot = slot(linear);
        if (Unchecked.element(writes, slot) == (linear & PAGE_MASK)) {
            Unchecked.putByte(linear + Unchecked.element(writes, slot + 8), (byte) value);
        } else {
            mmu.missedWrite(linear, 1, value & 0xFF, site, executed);
        }
    }

    static void write16(long linear, long value, long[] writes, Mmu mmu, int site, int executed) {
        long slot = slot(linear);
        if (Unchecked.element(writes, slot) == ((linear + 1) & PAGE_MASK)) {
            Unchecked.putShort(linear + Unchecked.element(writes, slot + 8), (short) value);
        } else {
            mmu.missedWrite(linear, 2, value & 0xFFFF, site, executed);
        }
    }

    static void write32(long linear, long value, long[] writes, Mmu mmu, int site, int executed) {
        long slot = slot(linear);
        if (Unchecked.element(writes, slot) == ((linear + 3) & PAGE_MASK)) {
            Unchecked.putInt(linear + Unchecked.element(writes, slot + 8), (int) value);
        } else {
            mmu.missedWrite(linear, 4, value & 0xFFFF_FFFFL, site, executed);
        }
    }

    static void write64(long linear, long value, long[] writes, Mmu mmu, int site, int executed) {
        long slot = slot(linear);
        if (Unchecked.element(writes, slot) == ((linear + 7) & PAGE_MASK)) {
            Unchecked.putLong(linear + Unchecked.element(writes, slot + 8), value);
        } else {
            mmu.missedWrite(linear, 8, value, site, executed);
        }
    }

    /** Faults now if a write of {@code size} bytes would. */
    static void checkWrite(long linear, int size, long[] writes, Mmu mmu, int site, int executed) {
        if (Unchecked.element(writes, slot(linear)) != ((linear + size - 1) & PAGE_MASK)) {
            mmu.missedCheck(linear, size, site, executed);
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
