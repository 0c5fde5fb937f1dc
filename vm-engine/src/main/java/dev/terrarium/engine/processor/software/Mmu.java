// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.AtomicMemory;
import dev.terrarium.engine.memory.Unchecked;
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
    private static final int INDEX_MASK = (ENTRIES - 1) << 1;
    private static final long PAGE_MASK = ~0xFFFL;
    private static final long NO_TAG = 1;

    private final long[][] readTables = {emptyTable(), emptyTable()};
    private final long[][] writeTables = {emptyTable(), emptyTable()};

    /** Which slots may hold translations through pages that are not global, a bit each. */
    private final long[][] localReads = {new long[ENTRIES / Long.SIZE], new long[ENTRIES / Long.SIZE]};

    private final long[][] localWrites = {new long[ENTRIES / Long.SIZE], new long[ENTRIES / Long.SIZE]};

    /** The tables of the current privilege; see {@link #privilegeChanged}. */
    private long[] reads = readTables[0];

    private long[] writes = writeTables[0];
    private final MemoryAccess slow;

    /** Where compiled code last left its fast path: the site, and the instructions executed before its block. */
    int stopSite;

    int stopExecuted;

    Mmu(MemoryAccess slow) {
        this.slow = slow;
    }

    private static long[] emptyTable() {
        long[] table = new long[ENTRIES * 2];
        Arrays.fill(table, NO_TAG);
        return table;
    }

    private static int slot(long linear) {
        return (int) (linear >>> 11) & INDEX_MASK;
    }

    /** The table that reads of the current privilege look into; for {@link CompiledMemory}. */
    long[] reads() {
        return reads;
    }

    long[] writes() {
        return writes;
    }

    /** Compiled code is about to do what may raise an exception. */
    void stoppedAt(int site, int executed) {
        stopSite = site;
        stopExecuted = executed;
    }

    /** Switches to the tables of supervisor (CPL 0 to 2) or user (CPL 3) accesses. */
    void privilegeChanged(boolean user) {
        reads = readTables[user ? 1 : 0];
        writes = writeTables[user ? 1 : 0];
    }

    /** Forgets every translation. */
    void flush() {
        for (int i = 0; i < 2; i++) {
            Arrays.fill(readTables[i], NO_TAG);
            Arrays.fill(writeTables[i], NO_TAG);
            Arrays.fill(localReads[i], 0);
            Arrays.fill(localWrites[i], 0);
        }
    }

    /** Forgets the translations that were not entered as global. */
    void flushLocal() {
        for (int i = 0; i < 2; i++) {
            flushLocal(readTables[i], localReads[i]);
            flushLocal(writeTables[i], localWrites[i]);
        }
    }

    private static void flushLocal(long[] table, long[] local) {
        for (int word = 0; word < local.length; word++) {
            long bits = local[word];
            local[word] = 0;
            while (bits != 0) {
                table[(word * Long.SIZE + Long.numberOfTrailingZeros(bits)) << 1] = NO_TAG;
                bits &= bits - 1;
            }
        }
    }

    /** Forgets the translations of the aligned {@code 1 << shift} bytes around an address. */
    void flushRange(long linear, int shift) {
        for (int i = 0; i < 2; i++) {
            flushRange(readTables[i], linear, shift);
            flushRange(writeTables[i], linear, shift);
        }
    }

    private static void flushRange(long[] table, long linear, int shift) {
        for (int slot = 0; slot < table.length; slot += 2) {
            if ((table[slot] ^ linear) >>> shift == 0) {
                table[slot] = NO_TAG;
            }
        }
    }

    /** Forgets the translation of one page. */
    void flushPage(long linear) {
        int slot = slot(linear);
        for (int i = 0; i < 2; i++) {
            readTables[i][slot] = NO_TAG;
            writeTables[i][slot] = NO_TAG;
        }
    }

    /** Makes the next write to every page go through the slow path, as when a page came to hold code. */
    void flushWrites() {
        for (int i = 0; i < 2; i++) {
            Arrays.fill(writeTables[i], NO_TAG);
        }
    }

    /** Makes the next write to one page of memory, however mapped, go through the slow path. */
    void flushWritesTo(long hostPage) {
        for (long[] table : writeTables) {
            for (int slot = 0; slot < table.length; slot += 2) {
                if (table[slot] + table[slot + 1] == hostPage) {
                    table[slot] = NO_TAG;
                }
            }
        }
    }

    void enterRead(boolean user, long linear, long hostAddress, boolean global) {
        int which = user ? 1 : 0;
        enter(readTables[which], localReads[which], linear, hostAddress, global);
    }

    void enterWrite(boolean user, long linear, long hostAddress, boolean global) {
        int which = user ? 1 : 0;
        enter(writeTables[which], localWrites[which], linear, hostAddress, global);
    }

    private static void enter(long[] table, long[] local, long linear, long hostAddress, boolean global) {
        int slot = slot(linear);
        int number = slot >>> 1;
        if (global) {
            local[number >>> 6] &= ~(1L << number);
        } else {
            local[number >>> 6] |= 1L << number;
        }
        table[slot] = linear & PAGE_MASK;
        table[slot + 1] = hostAddress - linear;
    }

    /** Reads a byte, 0 to 255. Throws a page fault where the guest's tables say so, as all reads and writes here. */
    int read8(long linear) {
        int slot = slot(linear);
        long[] table = reads;
        if (table[slot] == (linear & PAGE_MASK)) {
            return Unchecked.getByte(linear + table[slot + 1]) & 0xFF;
        }
        return (int) slow.read(linear, 1);
    }

    /** Reads 16 bits, zero-extended. */
    int read16(long linear) {
        int slot = slot(linear);
        long[] table = reads;
        if (table[slot] == ((linear + 1) & PAGE_MASK)) {
            return Unchecked.getShort(linear + table[slot + 1]) & 0xFFFF;
        }
        return (int) slow.read(linear, 2);
    }

    int read32(long linear) {
        int slot = slot(linear);
        long[] table = reads;
        if (table[slot] == ((linear + 3) & PAGE_MASK)) {
            return Unchecked.getInt(linear + table[slot + 1]);
        }
        return (int) slow.read(linear, 4);
    }

    long read64(long linear) {
        int slot = slot(linear);
        long[] table = reads;
        if (table[slot] == ((linear + 7) & PAGE_MASK)) {
            return Unchecked.getLong(linear + table[slot + 1]);
        }
        return slow.read(linear, 8);
    }

    void write8(long linear, int value) {
        int slot = slot(linear);
        long[] table = writes;
        if (table[slot] == (linear & PAGE_MASK)) {
            Unchecked.putByte(linear + table[slot + 1], (byte) value);
        } else {
            slow.write(linear, 1, value & 0xFF);
        }
    }

    void write16(long linear, int value) {
        int slot = slot(linear);
        long[] table = writes;
        if (table[slot] == ((linear + 1) & PAGE_MASK)) {
            Unchecked.putShort(linear + table[slot + 1], (short) value);
        } else {
            slow.write(linear, 2, value & 0xFFFF);
        }
    }

    void write32(long linear, int value) {
        int slot = slot(linear);
        long[] table = writes;
        if (table[slot] == ((linear + 3) & PAGE_MASK)) {
            Unchecked.putInt(linear + table[slot + 1], value);
        } else {
            slow.write(linear, 4, value & 0xFFFF_FFFFL);
        }
    }

    void write64(long linear, long value) {
        int slot = slot(linear);
        long[] table = writes;
        if (table[slot] == ((linear + 7) & PAGE_MASK)) {
            Unchecked.putLong(linear + table[slot + 1], value);
        } else {
            slow.write(linear, 8, value);
        }
    }

    /** Faults now if a write of {@code size} bytes (1 to 64) would; used before reading what will be written back. */
    void checkWrite(long linear, int size) {
        if (writes[slot(linear)] != ((linear + size - 1) & PAGE_MASK)) {
            slow.checkWrite(linear, size);
        }
    }

    /** Faults now if a read of {@code size} bytes (1 to 512) would. */
    void checkRead(long linear, int size) {
        if (reads[slot(linear)] != ((linear + size - 1) & PAGE_MASK)) {
            slow.checkRead(linear, size);
        }
    }

    /** The host address of a page that reads hit directly, or 0: for block copies. */
    long directRead(long linear) {
        int slot = slot(linear);
        return reads[slot] == (linear & PAGE_MASK) ? linear + reads[slot + 1] : 0;
    }

    /** The host address of a page that writes hit directly, or 0: for block copies. */
    long directWrite(long linear) {
        int slot = slot(linear);
        return writes[slot] == (linear & PAGE_MASK) ? linear + writes[slot + 1] : 0;
    }

    /**
     * The host address of an operand in RAM that is about to be changed by one atomic operation, or 0 if it is not aligned or
     * not in RAM. {@link #modified} has to follow.
     */
    long hostToModify(long linear, int size) {
        if (!AtomicMemory.isAligned(linear, size)) {
            return 0;
        }
        int slot = slot(linear);
        long page = linear & PAGE_MASK;
        if (reads[slot] == page && writes[slot] == page && reads[slot + 1] == writes[slot + 1]) {
            return linear + writes[slot + 1];
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
