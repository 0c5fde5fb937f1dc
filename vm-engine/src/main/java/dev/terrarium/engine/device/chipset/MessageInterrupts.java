// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;
import java.util.Arrays;

/**
 * The MSI-X table of a PCI function and its pending bits, in one page of registers (PCI Local Bus Specification 3.0, section 6.8.2): a
 * vector that is signalled while it is masked stays pending until it is not.
 */
final class MessageInterrupts {
    /** The most vectors of a function here; the specification's limit is 2048. */
    static final int MOST_VECTORS = 128;

    /** Bytes of the registers: table and pending bits. */
    static final int BYTES = 4096;

    /** Where the pending bits begin. */
    static final int PENDING_OFFSET = MOST_VECTORS * 16;

    private static final int WORDS_AN_ENTRY = 4;
    private static final int CONTROL = 3;
    private static final int CONTROL_MASK = 1;

    private final int vectors;
    private final InterruptMessages sender;
    private final int[] table;
    private final long[] pending;
    private boolean enabled;
    private boolean allMasked;

    MessageInterrupts(int vectors, InterruptMessages sender) {
        StateCheck.range("vectors", vectors, 1, MOST_VECTORS);
        this.vectors = vectors;
        this.sender = sender;
        table = new int[vectors * WORDS_AN_ENTRY];
        pending = new long[(vectors + 63) / 64];
        reset();
    }

    int vectors() {
        return vectors;
    }

    boolean enabled() {
        return enabled;
    }

    /** Signals a vector. Nothing happens if there is no such vector or messages are not enabled. */
    void signal(int vector) {
        if (!enabled || vector < 0 || vector >= vectors) {
            return;
        }
        if (allMasked || isMasked(vector)) {
            pending[vector >> 6] |= 1L << vector;
        } else {
            send(vector);
        }
    }

    private void send(int vector) {
        int at = vector * WORDS_AN_ENTRY;
        sender.send(Integer.toUnsignedLong(table[at]) | (long) table[at + 1] << 32, table[at + 2]);
    }

    private boolean isMasked(int vector) {
        return (table[vector * WORDS_AN_ENTRY + CONTROL] & CONTROL_MASK) != 0;
    }

    /** The guest wrote the enable and the function mask bits of the message control register. */
    void control(boolean nowEnabled, boolean nowMasked) {
        enabled = nowEnabled;
        allMasked = nowMasked;
        for (int vector = 0; vector < vectors; vector++) {
            sendPending(vector);
        }
    }

    private void sendPending(int vector) {
        if (enabled && !allMasked && !isMasked(vector) && (pending[vector >> 6] & 1L << vector) != 0) {
            pending[vector >> 6] &= ~(1L << vector);
            send(vector);
        }
    }

    /** Table and pending bits; accesses are of aligned 4 or 8 bytes (section 6.8.2), others are not answered. */
    RegisterWindow registers() {
        return new RegisterWindow() {
            @Override
            public long read(long offset, int size) {
                if (size < Integer.BYTES || offset % size != 0) {
                    return -1;
                }
                long low = Integer.toUnsignedLong(readWord((int) offset / Integer.BYTES));
                return size == Integer.BYTES ? low : low | (long) readWord((int) offset / Integer.BYTES + 1) << 32;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (size < Integer.BYTES || offset % size != 0) {
                    return;
                }
                writeWord((int) offset / Integer.BYTES, (int) value);
                if (size == Long.BYTES) {
                    writeWord((int) offset / Integer.BYTES + 1, (int) (value >>> 32));
                }
            }
        };
    }

    private int readWord(int index) {
        if (index < table.length) {
            return table[index];
        }
        int bits = index - PENDING_OFFSET / Integer.BYTES;
        return bits >= 0 && bits < 2 * pending.length ? (int) (pending[bits / 2] >>> 32 * (bits % 2)) : 0;
    }

    private void writeWord(int index, int value) {
        if (index >= table.length) {
            return;
        }
        boolean control = index % WORDS_AN_ENTRY == CONTROL;
        // Messages go to aligned addresses: section 6.8.2.6.
        int kept = control ? CONTROL_MASK : index % WORDS_AN_ENTRY == 0 ? ~3 : -1;
        table[index] = value & kept;
        if (control) {
            sendPending(index / WORDS_AN_ENTRY);
        }
    }

    /** Every vector is masked and none is pending. */
    void reset() {
        Arrays.fill(table, 0);
        Arrays.fill(pending, 0);
        for (int vector = 0; vector < vectors; vector++) {
            table[vector * WORDS_AN_ENTRY + CONTROL] = CONTROL_MASK;
        }
        enabled = false;
        allMasked = false;
    }

    int[] saveTable() {
        return table.clone();
    }

    long[] savePending() {
        return pending.clone();
    }

    void check(int[] savedTable, long[] savedPending) {
        StateCheck.length("MSI-X table", savedTable.length, table.length);
        StateCheck.length("MSI-X pending bits", savedPending.length, pending.length);
        for (int i = 0; i < savedTable.length; i++) {
            if (i % WORDS_AN_ENTRY == 0) {
                StateCheck.bits("MSI-X address", Integer.toUnsignedLong(savedTable[i]), 0xFFFF_FFFCL);
            } else if (i % WORDS_AN_ENTRY == CONTROL) {
                StateCheck.bits("MSI-X vector control", savedTable[i], CONTROL_MASK);
            }
        }
        StateCheck.bits("MSI-X pending bits", savedPending[pending.length - 1], -1L >>> -vectors);
    }

    /** Takes over what {@link #check} has passed. */
    void restore(int[] savedTable, long[] savedPending, boolean nowEnabled, boolean nowMasked) {
        System.arraycopy(savedTable, 0, table, 0, table.length);
        System.arraycopy(savedPending, 0, pending, 0, pending.length);
        enabled = nowEnabled;
        allMasked = nowMasked;
    }
}
