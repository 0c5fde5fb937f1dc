// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.AtomicMemory;
import dev.terrarium.engine.memory.Unchecked;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * How the processor reaches memory by linear address: a software TLB whose hit is one compare and an add, and behind it
 * the page-table walk, devices, page-crossing accesses and writes to pages with code.
 *
 * <p>An entry is a pair of longs: the tag (the page's linear address; {@link #NO_TAG} when empty) and the addend that turns
 * a linear address into a host address. Reads, writes and the two privileges have tables of their own, so that a hit needs
 * no permission check. An access of n bytes compares the page of its <em>last</em> byte with the tag in the slot
 * of its <em>first</em> byte's page: an access that crosses a page therefore always misses.
 *
 * <p>HotSpot may move accesses among each other; {@link OrderedMmu} does not let it.
 */
class Mmu {
    static final int ENTRIES = 1024;

    /** Bytes of an entry: what reads look at (tag, addend), then what writes look at. */
    static final int ENTRY_BYTES = 32;

    /** Where in an entry the part for writes begins. */
    static final int WRITES = 16;

    private static final int TABLE_BYTES = ENTRIES * ENTRY_BYTES;
    private static final int ADDEND = 8;
    private static final long PAGE_MASK = ~0xFFFL;
    private static final long NO_TAG = 1;

    /** The two tables, outside the Java heap: compiled code needs one variable for both reads and writes. */
    private final MemorySegment tables = Arena.ofAuto().allocate(2L * TABLE_BYTES, ENTRY_BYTES);

    /** Which slots may hold translations through pages that are not global, a bit each. */
    private final long[][] localReads = {new long[ENTRIES / Long.SIZE], new long[ENTRIES / Long.SIZE]};

    private final long[][] localWrites = {new long[ENTRIES / Long.SIZE], new long[ENTRIES / Long.SIZE]};

    /** The address of the table of the current privilege; see {@link #privilegeChanged}. */
    private long table = tables.address();

    private final MemoryAccess slow;

    /** Where compiled code last left its fast path: the site, and the instructions executed before its block. */
    int stopSite;

    int stopExecuted;

    Mmu(MemoryAccess slow) {
        this.slow = slow;
        flush();
    }

    /** The address of the entry for a page in the current table. */
    private long entry(long linear) {
        return table + slot(linear);
    }

    private static long slot(long linear) {
        return linear >>> 7 & (ENTRIES - 1) * ENTRY_BYTES;
    }

    private long table(boolean user) {
        return tables.address() + (user ? TABLE_BYTES : 0);
    }

    /** The address of the table of the current privilege; for {@link CompiledMemory}. */
    long table() {
        return table;
    }

    /** Compiled code is about to do what may raise an exception. */
    void stoppedAt(int site, int executed) {
        stopSite = site;
        stopExecuted = executed;
    }

    /** Switches to the table of supervisor (CPL 0 to 2) or user (CPL 3) accesses. */
    void privilegeChanged(boolean user) {
        table = table(user);
    }

    /** Forgets every translation. */
    final void flush() {
        forget(0);
        flushWrites();
        for (int i = 0; i < 2; i++) {
            Arrays.fill(localReads[i], 0);
            Arrays.fill(localWrites[i], 0);
        }
    }

    /** Forgets the translations that were not entered as global. */
    void flushLocal() {
        for (int i = 0; i < 2; i++) {
            flushLocal(table(i == 1), localReads[i]);
            flushLocal(table(i == 1) + WRITES, localWrites[i]);
        }
    }

    private static void flushLocal(long table, long[] local) {
        for (int word = 0; word < local.length; word++) {
            long bits = local[word];
            local[word] = 0;
            while (bits != 0) {
                long slot = word * Long.SIZE + Long.numberOfTrailingZeros(bits);
                Unchecked.putLong(table + slot * ENTRY_BYTES, NO_TAG);
                bits &= bits - 1;
            }
        }
    }

    /** Forgets the translations of the aligned {@code 1 << shift} bytes around an address. */
    void flushRange(long linear, int shift) {
        for (long tag = tables.address(), end = tag + tables.byteSize(); tag < end; tag += WRITES) {
            if ((Unchecked.getLong(tag) ^ linear) >>> shift == 0) {
                Unchecked.putLong(tag, NO_TAG);
            }
        }
    }

    /** Forgets the translation of one page. */
    void flushPage(long linear) {
        for (int i = 0; i < 2; i++) {
            long entry = table(i == 1) + slot(linear);
            Unchecked.putLong(entry, NO_TAG);
            Unchecked.putLong(entry + WRITES, NO_TAG);
        }
    }

    /** Makes the next write to every page go through the slow path, as when a page came to hold code. */
    final void flushWrites() {
        forget(WRITES);
    }

    private void forget(int part) {
        for (long tag = tables.address() + part, end = tag + tables.byteSize(); tag < end; tag += ENTRY_BYTES) {
            Unchecked.putLong(tag, NO_TAG);
        }
    }

    /** Makes the next write to one page of memory, however mapped, go through the slow path. */
    void flushWritesTo(long hostPage) {
        for (long tag = tables.address() + WRITES, end = tag + tables.byteSize(); tag < end; tag += ENTRY_BYTES) {
            if (Unchecked.getLong(tag) + Unchecked.getLong(tag + ADDEND) == hostPage) {
                Unchecked.putLong(tag, NO_TAG);
            }
        }
    }

    void enterRead(boolean user, long linear, long hostAddress, boolean global) {
        enter(table(user), localReads[user ? 1 : 0], linear, hostAddress, global);
    }

    void enterWrite(boolean user, long linear, long hostAddress, boolean global) {
        enter(table(user) + WRITES, localWrites[user ? 1 : 0], linear, hostAddress, global);
    }

    private static void enter(long table, long[] local, long linear, long hostAddress, boolean global) {
        long slot = slot(linear);
        int number = (int) slot / ENTRY_BYTES;
        if (global) {
            local[number >>> 6] &= ~(1L << number);
        } else {
            local[number >>> 6] |= 1L << number;
        }
        Unchecked.putLong(table + slot, linear & PAGE_MASK);
        Unchecked.putLong(table + slot + ADDEND, hostAddress - linear);
    }

    private static boolean hits(long entry, long last) {
        return Unchecked.getLong(entry) == (last & PAGE_MASK);
    }

    private static long host(long entry, long linear) {
        return linear + Unchecked.getLong(entry + ADDEND);
    }

    /** Reads a byte, 0 to 255. Throws a page fault where the guest's tables say so, as all reads and writes here. */
    int read8(long linear) {
        long entry = entry(linear);
        if (hits(entry, linear)) {
            return Unchecked.getByte(host(entry, linear)) & 0xFF;
        }
        return (int) slow.read(linear, 1);
    }

    /** Reads 16 bits, zero-extended. */
    int read16(long linear) {
        long entry = entry(linear);
        if (hits(entry, linear + 1)) {
            return Unchecked.getShort(host(entry, linear)) & 0xFFFF;
        }
        return (int) slow.read(linear, 2);
    }

    int read32(long linear) {
        long entry = entry(linear);
        if (hits(entry, linear + 3)) {
            return Unchecked.getInt(host(entry, linear));
        }
        return (int) slow.read(linear, 4);
    }

    long read64(long linear) {
        long entry = entry(linear);
        if (hits(entry, linear + 7)) {
            return Unchecked.getLong(host(entry, linear));
        }
        return slow.read(linear, 8);
    }

    void write8(long linear, int value) {
        long entry = entry(linear) + WRITES;
        if (hits(entry, linear)) {
            Unchecked.putByte(host(entry, linear), (byte) value);
        } else {
            slow.write(linear, 1, value & 0xFF);
        }
    }

    void write16(long linear, int value) {
        long entry = entry(linear) + WRITES;
        if (hits(entry, linear + 1)) {
            Unchecked.putShort(host(entry, linear), (short) value);
        } else {
            slow.write(linear, 2, value & 0xFFFF);
        }
    }

    void write32(long linear, int value) {
        long entry = entry(linear) + WRITES;
        if (hits(entry, linear + 3)) {
            Unchecked.putInt(host(entry, linear), value);
        } else {
            slow.write(linear, 4, value & 0xFFFF_FFFFL);
        }
    }

    void write64(long linear, long value) {
        long entry = entry(linear) + WRITES;
        if (hits(entry, linear + 7)) {
            Unchecked.putLong(host(entry, linear), value);
        } else {
            slow.write(linear, 8, value);
        }
    }

    /** Faults now if a write of {@code size} bytes (1 to 64) would; used before reading what will be written back. */
    void checkWrite(long linear, int size) {
        if (!hits(entry(linear) + WRITES, linear + size - 1)) {
            slow.checkWrite(linear, size);
        }
    }

    /** Faults now if a read of {@code size} bytes (1 to 512) would. */
    void checkRead(long linear, int size) {
        if (!hits(entry(linear), linear + size - 1)) {
            slow.checkRead(linear, size);
        }
    }

    /** The host address of a page that reads hit directly, or 0: for block copies. */
    long directRead(long linear) {
        long entry = entry(linear);
        return hits(entry, linear) ? host(entry, linear) : 0;
    }

    /** The host address of a page that writes hit directly, or 0: for block copies. */
    long directWrite(long linear) {
        long entry = entry(linear) + WRITES;
        return hits(entry, linear) ? host(entry, linear) : 0;
    }

    /**
     * The host address of an operand in RAM that is about to be changed by one atomic operation, or 0 if it is not aligned or
     * not in RAM. {@link #modified} has to follow.
     */
    long hostToModify(long linear, int size) {
        if (!AtomicMemory.isAligned(linear, size)) {
            return 0;
        }
        long entry = entry(linear);
        long host = host(entry, linear);
        if (hits(entry, linear) && hits(entry + WRITES, linear) && host == host(entry + WRITES, linear)) {
            return host;
        }
        return slow.hostToModify(linear, size);
    }

    /** What {@link #hostToModify} told last was written. */
    void modified(int size) {
        slow.modified(size);
    }

    /** Does {@code action} while no other vCPU executes. */
    void alone(Runnable action) {
        slow.alone(action);
    }
}
