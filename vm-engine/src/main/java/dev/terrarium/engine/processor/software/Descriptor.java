// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Reads the fields of 8-byte segment and gate descriptors (Intel SDM volume 3, sections 3.4.5, 5.8.3 and 6.11). */
final class Descriptor {
    static final int TYPE_TSS16_AVAILABLE = 1;
    static final int TYPE_LDT = 2;
    static final int TYPE_TSS16_BUSY = 3;
    static final int TYPE_CALL_GATE16 = 4;
    static final int TYPE_TASK_GATE = 5;
    static final int TYPE_INTERRUPT_GATE16 = 6;
    static final int TYPE_TRAP_GATE16 = 7;
    static final int TYPE_TSS_AVAILABLE = 9;
    static final int TYPE_TSS_BUSY = 11;
    static final int TYPE_CALL_GATE = 12;
    static final int TYPE_INTERRUPT_GATE = 14;
    static final int TYPE_TRAP_GATE = 15;

    /** Bits of the attributes: the descriptor's high word without base and limit. */
    static final int ACCESSED = 1 << 8;

    static final int READ_WRITE = 1 << 9;
    static final int CONFORMING_OR_EXPAND_DOWN = 1 << 10;
    static final int CODE = 1 << 11;
    static final int NOT_SYSTEM = 1 << 12;
    static final int PRESENT = 1 << 15;
    static final int LONG_CODE = 1 << 21;
    static final int BIG = 1 << 22;
    static final int GRANULARITY = 1 << 23;
    static final int ATTRIBUTE_MASK = 0x00F0_FF00;

    private Descriptor() {}

    static long base(long raw) {
        return ((raw >>> 16) & 0xFF_FFFF) | ((raw >>> 56) & 0xFF) << 24;
    }

    /** In bytes, scaled by the granularity bit. */
    static long limit(long raw) {
        long limit = (raw & 0xFFFF) | ((raw >>> 48) & 0xF) << 16;
        return (attributes(raw) & GRANULARITY) != 0 ? limit << 12 | 0xFFF : limit;
    }

    static int attributes(long raw) {
        return (int) (raw >>> 32) & ATTRIBUTE_MASK;
    }

    static int type(long raw) {
        return (int) (raw >>> 40) & 0xF;
    }

    static int privilege(long raw) {
        return (int) (raw >>> 45) & 3;
    }

    static boolean present(long raw) {
        return (attributes(raw) & PRESENT) != 0;
    }

    static boolean system(long raw) {
        return (attributes(raw) & NOT_SYSTEM) == 0;
    }

    static boolean code(long raw) {
        return (attributes(raw) & (NOT_SYSTEM | CODE)) == (NOT_SYSTEM | CODE);
    }

    static boolean conformingCode(long raw) {
        return code(raw) && (attributes(raw) & CONFORMING_OR_EXPAND_DOWN) != 0;
    }

    static boolean writableData(long raw) {
        return (attributes(raw) & (NOT_SYSTEM | CODE | READ_WRITE)) == (NOT_SYSTEM | READ_WRITE);
    }

    static boolean readable(long raw) {
        int attributes = attributes(raw);
        return (attributes & NOT_SYSTEM) != 0 && ((attributes & CODE) == 0 || (attributes & READ_WRITE) != 0);
    }

    static int gateSelector(long raw) {
        return (int) (raw >>> 16) & 0xFFFF;
    }

    /** A gate's offset, bits 0 to 31. */
    static long gateOffset(long raw) {
        return (raw & 0xFFFF) | (raw >>> 48 & 0xFFFF) << 16;
    }

    static int gateParameterCount(long raw) {
        return (int) (raw >>> 32) & 0x1F;
    }

    static int gateStackTable(long raw) {
        return (int) (raw >>> 32) & 7;
    }
}
