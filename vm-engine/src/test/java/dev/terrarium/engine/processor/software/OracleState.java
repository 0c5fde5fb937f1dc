// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.Arrays;

/** What a user program sees of a processor and its scratch memory, before or after a test sequence. */
final class OracleState {
    static final long CODE = 0x10000;
    static final long SCRATCH = 0x20000;
    static final int SCRATCH_BYTES = 0x2000;

    /** The sequence reached the INT3 at its end. */
    static final int BREAKPOINT = 3;

    final long[] registers = new long[16];
    long flags;
    final byte[] extended = new byte[512];
    /** Upper halves of YMM0 to YMM15. */
    final byte[] upper = new byte[256];

    final byte[] scratch = new byte[SCRATCH_BYTES];

    /** After a run: the exception that ended it. */
    int vector;

    int errorCode;
    long instructionPointer;
    long faultAddress;

    OracleState copy() {
        OracleState copy = new OracleState();
        System.arraycopy(registers, 0, copy.registers, 0, registers.length);
        copy.flags = flags;
        System.arraycopy(extended, 0, copy.extended, 0, extended.length);
        System.arraycopy(upper, 0, copy.upper, 0, upper.length);
        System.arraycopy(scratch, 0, copy.scratch, 0, scratch.length);
        return copy;
    }

    /** Differences from what the host has, one a line; empty if there are none. */
    String differences(OracleState host, OracleSequence sequence) {
        StringBuilder text = new StringBuilder();
        if (host.vector == GuestFault.INVALID_OPCODE && vector == GuestFault.GENERAL_PROTECTION && errorCode == 0) {
            // KVM under KVM may emulate what raised #GP, and not know the instruction: a misaligned vector.
            host.vector = vector;
            host.errorCode = 0;
        }
        if (host.vector == GuestFault.STACK_FAULT && vector == GuestFault.GENERAL_PROTECTION && errorCode == 0) {
            // A stack pointer that is not canonical: the software processor does not tell whose address it was.
            host.vector = vector;
        }
        if (vector != host.vector || (errorCode != host.errorCode && vector != BREAKPOINT)) {
            text.append(
                    String.format("  exception %d:%X, host %d:%X%n", vector, errorCode, host.vector, host.errorCode));
        }
        if (instructionPointer != host.instructionPointer) {
            text.append(String.format("  rip %X, host %X%n", instructionPointer, host.instructionPointer));
        }
        if (vector == GuestFault.PAGE_FAULT && faultAddress != host.faultAddress) {
            text.append(String.format("  cr2 %X, host %X%n", faultAddress, host.faultAddress));
        }
        for (int i = 0; i < 16; i++) {
            if (registers[i] != host.registers[i]) {
                text.append(String.format("  gpr %d %016X, host %016X%n", i, registers[i], host.registers[i]));
            }
        }
        long compared = (Cpu.ARITHMETIC_FLAGS | Cpu.FLAG_DF) & ~sequence.undefinedFlags();
        if (((flags ^ host.flags) & compared) != 0) {
            text.append(String.format("  flags %03X, host %03X%n", flags & compared, host.flags & compared));
        }
        extendedDifferences(host, text);
        for (int i = 0; i < upper.length; i += 8) {
            if (!Arrays.equals(upper, i, i + 8, host.upper, i, i + 8)) {
                text.append(String.format(
                        "  ymm%d (%d): %s, host %s%n", i / 16, i, bytes(upper, i, 8), bytes(host.upper, i, 8)));
            }
        }
        for (int i = 0; i < SCRATCH_BYTES; i++) {
            if (scratch[i] != host.scratch[i]) {
                int line = i & -8;
                text.append(String.format(
                        "  memory %X: %s, host %s%n",
                        SCRATCH + line, bytes(scratch, line, 8), bytes(host.scratch, line, 8)));
                i = line + 7;
            }
        }
        return text.toString();
    }

    private void extendedDifferences(OracleState host, StringBuilder text) {
        for (int i = 0; i < 416; i += 8) {
            int length = i == 0 ? 6 : i == 24 ? 4 : 8;
            boolean pointers = i == 8 || i == 16;
            if (!pointers && !Arrays.equals(extended, i, i + length, host.extended, i, i + length)) {
                String name = i < 32 ? "control" : i < 160 ? "st" + (i - 32) / 16 : "xmm" + (i - 160) / 16;
                text.append(String.format(
                        "  %s (%d): %s, host %s%n",
                        name, i, bytes(extended, i, length), bytes(host.extended, i, length)));
            }
        }
    }

    /** Little-endian bytes with the most significant first. */
    private static String bytes(byte[] all, int at, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = length - 1; i >= 0; i--) {
            text.append(String.format("%02X", all[at + i]));
        }
        return text.toString();
    }
}
