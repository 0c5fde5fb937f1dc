// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.Unchecked;
import java.lang.invoke.VarHandle;

/**
 * Guest memory for compiled code: {@link Mmu}'s hit path as static methods small enough to be inlined at every access.
 * Compiled code asks {@link #misses} first, and leaves its region if so: a call in its place would make HotSpot keep every
 * register of a loop on the stack. Values are zero-extended. A table is {@link Mmu#table}, for writes {@link Mmu#WRITES} bytes on.
 */
final class CompiledMemory {
    private static final long PAGE_MASK = ~0xFFFL;

    private CompiledMemory() {}

    /** The address of a page's entry. */
    private static long entry(long linear, long table) {
        return table + (linear >>> 7 & (Mmu.ENTRIES - 1) * Mmu.ENTRY_BYTES);
    }

    /** Is an access to the bytes from {@code linear} to {@code last} none that the table answers? */
    private static boolean misses(long linear, long last, long table) {
        return Unchecked.getLong(entry(linear, table)) != (last & PAGE_MASK);
    }

    static boolean misses8(long linear, long table) {
        return misses(linear, linear, table);
    }

    static boolean misses16(long linear, long table) {
        return misses(linear, linear + 1, table);
    }

    static boolean misses32(long linear, long table) {
        return misses(linear, linear + 3, table);
    }

    static boolean misses64(long linear, long table) {
        return misses(linear, linear + 7, table);
    }

    static boolean misses128(long linear, long table) {
        return misses(linear, linear + 15, table);
    }

    static boolean misses256(long linear, long table) {
        return misses(linear, linear + 31, table);
    }

    /** An access that has to be aligned is left to the interpreter, too, if it is not. */
    static boolean missesAligned16(long linear, long table) {
        return (linear & 1) != 0 || misses(linear, linear, table);
    }

    static boolean missesAligned32(long linear, long table) {
        return (linear & 3) != 0 || misses(linear, linear, table);
    }

    static boolean missesAligned64(long linear, long table) {
        return (linear & 7) != 0 || misses(linear, linear, table);
    }

    static boolean missesAligned256(long linear, long table) {
        return (linear & 31) != 0 || misses(linear, linear, table);
    }

    static boolean missesAligned128(long linear, long table) {
        return (linear & 15) != 0 || misses(linear, linear, table);
    }

    /** The host address of an access that does not miss. */
    static long host(long linear, long table) {
        return linear + Unchecked.getLong(entry(linear, table) + 8);
    }

    static long read8(long linear, long reads) {
        return Unchecked.getByte(host(linear, reads)) & 0xFFL;
    }

    static long read16(long linear, long reads) {
        return Unchecked.getShort(host(linear, reads)) & 0xFFFFL;
    }

    static long read32(long linear, long reads) {
        return Unchecked.getInt(host(linear, reads)) & 0xFFFF_FFFFL;
    }

    static long read64(long linear, long reads) {
        return Unchecked.getLong(host(linear, reads));
    }

    static void write8(long linear, long value, long writes) {
        Unchecked.putByte(host(linear, writes), (byte) value);
    }

    static void write16(long linear, long value, long writes) {
        Unchecked.putShort(host(linear, writes), (short) value);
    }

    static void write32(long linear, long value, long writes) {
        Unchecked.putInt(host(linear, writes), (int) value);
    }

    static void write64(long linear, long value, long writes) {
        Unchecked.putLong(host(linear, writes), value);
    }

    /** What is at a host address; {@link #put8} and its like write it. */
    static long at8(long host) {
        return Unchecked.getByte(host) & 0xFFL;
    }

    static long at16(long host) {
        return Unchecked.getShort(host) & 0xFFFFL;
    }

    static long at32(long host) {
        return Unchecked.getInt(host) & 0xFFFF_FFFFL;
    }

    static long at64(long host) {
        return Unchecked.getLong(host);
    }

    static void put8(long value, long host) {
        Unchecked.putByte(host, (byte) value);
    }

    static void put16(long value, long host) {
        Unchecked.putShort(host, (short) value);
    }

    static void put32(long value, long host) {
        Unchecked.putInt(host, (int) value);
    }

    static void put64(long value, long host) {
        Unchecked.putLong(host, value);
    }

    // The same on machines with several vCPUs, which must see accesses in the order of the program: see Mmu.

    static long readOrdered8(long linear, long reads) {
        long value = read8(linear, reads);
        VarHandle.acquireFence();
        return value;
    }

    static long readOrdered16(long linear, long reads) {
        long value = read16(linear, reads);
        VarHandle.acquireFence();
        return value;
    }

    static long readOrdered32(long linear, long reads) {
        long value = read32(linear, reads);
        VarHandle.acquireFence();
        return value;
    }

    static long readOrdered64(long linear, long reads) {
        long value = read64(linear, reads);
        VarHandle.acquireFence();
        return value;
    }

    static void writeOrdered8(long linear, long value, long writes) {
        VarHandle.releaseFence();
        write8(linear, value, writes);
    }

    static void writeOrdered16(long linear, long value, long writes) {
        VarHandle.releaseFence();
        write16(linear, value, writes);
    }

    static void writeOrdered32(long linear, long value, long writes) {
        VarHandle.releaseFence();
        write32(linear, value, writes);
    }

    static void writeOrdered64(long linear, long value, long writes) {
        VarHandle.releaseFence();
        write64(linear, value, writes);
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
