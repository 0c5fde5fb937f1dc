// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Turns a segment and an offset into a linear address, with the checks of the current mode. */
final class Segmentation {
    /** Writable data, or readable: bit 9 of the attributes. Code: bit 11. */
    private static final int READ_WRITE = 1 << 9;

    private static final int EXPAND_DOWN = 1 << 10;
    private static final int CODE = 1 << 11;
    private static final int PRESENT = 1 << 15;
    private static final int BIG = 1 << 22;

    private final Cpu cpu;

    Segmentation(Cpu cpu) {
        this.cpu = cpu;
    }

    /** The linear address of {@code size} bytes to read at {@code segment:offset}, or #GP, #SS. */
    long forRead(int segment, long offset, int size) {
        if (cpu.codeSize == 8) {
            return longModeAddress(segment, offset);
        }
        long masked = offset & 0xFFFF_FFFFL;
        int attributes = cpu.segmentAttributes[segment];
        if ((attributes & (PRESENT | EXPAND_DOWN | CODE)) != PRESENT || masked + size - 1 > cpu.segmentLimit[segment]) {
            checkSlowly(segment, masked, size, false);
        }
        return (cpu.segmentBase[segment] + masked) & 0xFFFF_FFFFL;
    }

    /** The linear address of {@code size} bytes to write at {@code segment:offset}, or #GP, #SS. */
    long forWrite(int segment, long offset, int size) {
        if (cpu.codeSize == 8) {
            return longModeAddress(segment, offset);
        }
        long masked = offset & 0xFFFF_FFFFL;
        int attributes = cpu.segmentAttributes[segment];
        if ((attributes & (PRESENT | EXPAND_DOWN | CODE | READ_WRITE)) != (PRESENT | READ_WRITE)
                || masked + size - 1 > cpu.segmentLimit[segment]) {
            checkSlowly(segment, masked, size, true);
        }
        return (cpu.segmentBase[segment] + masked) & 0xFFFF_FFFFL;
    }

    /** In 64-bit mode only FS and GS have a base. A non-canonical address is found on the TLB miss it always causes. */
    private long longModeAddress(int segment, long offset) {
        return segment >= Cpu.FS ? cpu.segmentBase[segment] + offset : offset;
    }

    private void checkSlowly(int segment, long offset, int size, boolean write) {
        int attributes = cpu.segmentAttributes[segment];
        if (!cpu.selectorsAreParagraphs()) {
            boolean code = (attributes & CODE) != 0;
            boolean allowed = (attributes & PRESENT) != 0
                    && (write ? !code && (attributes & READ_WRITE) != 0 : !code || (attributes & READ_WRITE) != 0);
            if (!allowed) {
                throw violation(segment);
            }
        }
        long last = offset + size - 1;
        boolean inside;
        if ((attributes & (CODE | EXPAND_DOWN)) == EXPAND_DOWN) {
            long top = (attributes & BIG) != 0 ? 0xFFFF_FFFFL : 0xFFFFL;
            inside = offset > cpu.segmentLimit[segment] && last <= top;
        } else {
            inside = last <= cpu.segmentLimit[segment];
        }
        if (!inside) {
            throw violation(segment);
        }
    }

    private GuestFault violation(int segment) {
        return cpu.fault(segment == Cpu.SS ? GuestFault.STACK_FAULT : GuestFault.GENERAL_PROTECTION, 0);
    }
}
