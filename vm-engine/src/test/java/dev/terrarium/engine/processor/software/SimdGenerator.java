// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Programs of valid SSE instructions, with others that use their results and flags among them, and now and then another
 * MXCSR. The states to start from are {@link OracleGenerator}'s, which knows the special numbers.
 */
final class SimdGenerator {
    private static final int NONE = 0;
    private static final int REGISTER = 1;
    private static final int MEMORY = 2;
    private static final int BOTH = 3;

    private static final int[] FREE = {0, 1, 2, 8, 9, 11, 14, 15};
    private static final int[] POINTERS = {3, 5, 6, 7, 12, 13};

    /** Prefix, map (1 is 0F, 2 is 0F 38, 3 is 0F 3A), opcode, operand kinds. */
    private static final List<int[]> ENCODINGS = new ArrayList<>();

    private final Random random;
    private ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    SimdGenerator(long seed, long program) {
        random = new Random(seed * 31 ^ (program + 1) * 0x9E37_79B9_7F4A_7C15L);
    }

    private static void add(int prefix, int kinds, int... opcodes) {
        for (int opcode : opcodes) {
            ENCODINGS.add(new int[] {prefix, 1, opcode, kinds});
        }
    }

    private static void addRange(int prefix, int from, int to) {
        for (int opcode = from; opcode <= to; opcode++) {
            add(prefix, BOTH, opcode);
        }
    }

    static {
        for (int prefix : new int[] {NONE, 0x66}) {
            add(prefix, BOTH, 0x10, 0x11, 0x14, 0x15, 0x28, 0x29, 0x2E, 0x2F, 0x51, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59);
            add(prefix, BOTH, 0x5A, 0x5B, 0x5C, 0x5D, 0x5E, 0x5F, 0xC2, 0xC6);
            add(prefix, MEMORY, 0x12, 0x13, 0x16, 0x17, 0x2B);
            add(prefix, REGISTER, 0x50);
        }
        add(NONE, REGISTER, 0x12, 0x16);
        add(NONE, MEMORY, 0xC3);
        addRange(0x66, 0x60, 0x70);
        add(0x66, REGISTER, 0x71, 0x72, 0x73, 0x71, 0x72, 0x73, 0xC5, 0xD7);
        addRange(0x66, 0x74, 0x76);
        add(0x66, BOTH, 0x7C, 0x7D, 0x7E, 0x7F, 0xC4, 0xD0, 0xE6);
        add(0x66, MEMORY, 0xE7);
        addRange(0x66, 0xD1, 0xD6);
        addRange(0x66, 0xD8, 0xE5);
        addRange(0x66, 0xE8, 0xEF);
        addRange(0x66, 0xF1, 0xF6);
        addRange(0x66, 0xF8, 0xFE);
        for (int prefix : new int[] {0xF3, 0xF2}) {
            add(prefix, BOTH, 0x10, 0x11, 0x12, 0x2A, 0x2C, 0x2D, 0x51, 0x58, 0x59, 0x5A, 0x5C, 0x5D, 0x5E, 0x5F);
            add(prefix, BOTH, 0x70, 0xC2, 0xE6);
        }
        add(0xF3, BOTH, 0x16, 0x5B, 0x6F, 0x7E, 0x7F);
        add(0xF2, MEMORY, 0xF0);
        for (int opcode = 0; opcode <= 0x0B; opcode++) {
            ENCODINGS.add(new int[] {0x66, 2, opcode, BOTH});
        }
        for (int opcode = 0x1C; opcode <= 0x1E; opcode++) {
            ENCODINGS.add(new int[] {0x66, 2, opcode, BOTH});
        }
        ENCODINGS.add(new int[] {0x66, 3, 0x0F, BOTH});
    }

    private int below(int bound) {
        return random.nextInt(bound);
    }

    private boolean chance(int oneIn) {
        return below(oneIn) == 0;
    }

    private void emit(int... values) {
        for (int value : values) {
            bytes.write(value);
        }
    }

    private void emit32(int value) {
        emit(value, value >>> 8, value >>> 16, value >>> 24);
    }

    /** A program of 1 to {@code most} instructions. */
    OracleSequence sequence(int most) {
        List<OracleSequence.Step> steps = new ArrayList<>();
        int count = 1 + below(most);
        boolean control = chance(3);
        while (steps.size() < count) {
            bytes = new ByteArrayOutputStream();
            if (control && chance(6)) {
                setControl();
            } else if (chance(6)) {
                integer();
            } else {
                vector(ENCODINGS.get(below(ENCODINGS.size())));
            }
            steps.add(new OracleSequence.Step(bytes.toByteArray(), 0));
        }
        return new OracleSequence(true, steps);
    }

    /** MOV dword [RSP-16], value; LDMXCSR [RSP-16]: other rounding, flags cleared or set, DAZ, FTZ, exceptions unmasked. */
    private void setControl() {
        int value =
                switch (below(5)) {
                    case 0 -> 0x1F80;
                    case 1, 2 -> 0x1FA0;
                    case 3 -> 0x1F80 | below(0x80) | below(8) << 13;
                    default -> below(0x10000);
                };
        emit(0xC7, 0x44, 0x24, 0xF0);
        emit32(value);
        emit(0x0F, 0xAE, 0x54, 0x24, 0xF0);
    }

    /** What looks at the flags or at general registers. */
    private void integer() {
        int register = FREE[below(FREE.length)];
        int rex = (register >= 8 ? 0x41 : 0x40);
        switch (below(5)) {
            case 0 -> emit(rex, 0x0F, 0x90 | below(16), 0xC0 | register & 7); // SETcc
            case 1 -> emit(0x70 | below(16), 1, 0x90); // Jcc over a NOP
            case 2 -> emit(rex | 8, 0x83, 0xD0 | register & 7, below(256)); // ADC
            case 3 -> emit(rex | 8, 0xFF, 0xC0 | register & 7); // INC
            default -> emit(rex | 8, 0x83, 0xF8 | register & 7, below(256)); // CMP
        }
    }

    private void vector(int[] encoding) {
        int opcode = encoding[2];
        boolean main = encoding[1] == 1;
        boolean memory = encoding[3] == MEMORY || encoding[3] == BOTH && chance(3);
        boolean toGeneral =
                main && (opcode == 0x2C || opcode == 0x2D || opcode == 0x50 || opcode == 0xD7 || opcode == 0xC5);
        boolean fromGeneral = main && (opcode == 0x2A && encoding[0] >= 0xF2 || opcode == 0x6E || opcode == 0xC4);
        fromGeneral |= main && opcode == 0x7E && encoding[0] == 0x66;
        int reg = toGeneral ? FREE[below(FREE.length)] : below(16);
        int rm = fromGeneral ? FREE[below(FREE.length)] : chance(8) && !toGeneral ? reg : below(16);
        boolean shift = main && opcode >= 0x71 && opcode <= 0x73;
        if (shift) {
            int[] kinds = opcode == 0x73 ? new int[] {2, 3, 6, 7} : new int[] {2, 4, 6};
            reg = kinds[below(kinds.length)];
        }
        if (encoding[0] != NONE) {
            emit(encoding[0]);
        }
        boolean wide = main && (toGeneral || fromGeneral || opcode == 0xC3) && chance(2);
        int pointer = POINTERS[below(POINTERS.length)];
        int base = memory ? pointer : rm;
        int rex = (wide ? 8 : 0) | reg >> 3 << 2 | base >> 3;
        boolean absolute = memory && chance(25);
        if (absolute) {
            rex &= ~1;
        }
        if (rex != 0) {
            emit(0x40 | rex);
        }
        emit(0x0F);
        if (!main) {
            emit(encoding[1] == 2 ? 0x38 : 0x3A);
        }
        emit(opcode);
        int field = (reg & 7) << 3;
        if (absolute) {
            // Around the boundary of the two pages, and around the end of the second.
            emit(field | 4, 0x25);
            int address = chance(2) ? 0x1000 : 0x2000;
            emit32((int) OracleState.SCRATCH + address - (chance(3) ? 16 : below(24)));
        } else if (memory) {
            emit(0x40 | field | pointer & 7);
            if ((pointer & 7) == 4) {
                emit(0x24);
            }
            emit(chance(8) ? below(256) : 16 * (below(8) - 4));
        } else {
            emit(0xC0 | field | rm & 7);
        }
        if (shift || main && (opcode == 0x70 || opcode == 0xC2 || opcode >= 0xC4 && opcode <= 0xC6)) {
            emit(chance(3) ? below(256) : below(36));
        } else if (encoding[1] == 3) {
            emit(chance(4) ? below(256) : below(34));
        }
    }
}
