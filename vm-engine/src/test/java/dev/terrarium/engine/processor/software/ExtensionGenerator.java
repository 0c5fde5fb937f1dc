// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.io.ByteArrayOutputStream;

/** The part of {@link OracleGenerator} for what {@link FeatureSet} has beyond SSSE3. */
final class ExtensionGenerator {
    private static final int MEMORY = OracleGenerator.MEMORY;
    private static final int NONE = 0;
    private static final int P66 = 1;
    private static final int PF3 = 2;
    private static final int PF2 = 3;

    private static final int[] SSE41_38 =
            OracleGenerator.range(0x10, 0x10, 0x14, 0x15, 0x17, 0x17, 0x20, 0x25, 0x28, 0x2B, 0x30, 0x35, 0x38, 0x41);
    private static final int[] SSE41_3A = OracleGenerator.range(0x08, 0x0E, 0x14, 0x17, 0x20, 0x22, 0x40, 0x42);

    private final OracleGenerator to;
    private final AvxGenerator avx;

    ExtensionGenerator(OracleGenerator to) {
        this.to = to;
        this.avx = new AvxGenerator(to, this);
    }

    int vector() {
        return to.below(to.wide() ? 16 : 8);
    }

    private int vectorOrMemory() {
        return to.chance(3) ? MEMORY : vector();
    }

    private int size() {
        return to.wide() ? to.pick(2, 4, 8) : to.pick(2, 4);
    }

    /** One instruction of an extension that the processors have. */
    void instruction() {
        for (int tries = 0; tries < 1000; tries++) {
            if (to.has(FeatureSet.AVX) && !to.chance(3)) {
                avx.instruction();
                return;
            }
            int choice = to.below(13);
            if (choice < 4 && to.has(FeatureSet.SSE4_1)) {
                if (to.chance(2)) {
                    sse38(SSE41_38[to.below(SSE41_38.length)]);
                } else {
                    sse3A(SSE41_3A[to.below(SSE41_3A.length)]);
                }
                return;
            }
            if (choice == 4 && to.has(FeatureSet.SSE4_2)) {
                if (to.chance(5)) {
                    sse38(0x37);
                } else {
                    sse3A(0x60 + to.below(4));
                }
                return;
            }
            if (choice == 5 && to.has(FeatureSet.AES)) {
                if (to.chance(6)) {
                    sse3A(0xDF);
                } else {
                    sse38(0xDB + to.below(5));
                }
                return;
            }
            if (choice == 6 && to.has(FeatureSet.PCLMULQDQ)) {
                sse3A(0x44);
                return;
            }
            if (choice >= 7 && general(choice)) {
                return;
            }
        }
        throw new IllegalStateException("the processors have nothing to generate");
    }

    private void sse38(int opcode) {
        int rm = opcode == 0x2A ? MEMORY : vectorOrMemory();
        to.encode(0x66, 0, new int[] {0x0F, 0x38, opcode}, vector(), rm, false);
    }

    private void sse3A(int opcode) {
        boolean general = (opcode >= 0x14 && opcode <= 0x17) || opcode == 0x20 || opcode == 0x22;
        int rm = general ? to.registerOrMemory() : vectorOrMemory();
        boolean wideGeneral = to.wide() && (general || opcode >= 0x60) && to.chance(2);
        to.encode(0x66, wideGeneral ? 8 : 0, new int[] {0x0F, 0x3A, opcode}, vector(), rm, false);
        to.emit(opcode == 0x44 ? to.pick(0, 1, 0x10, 0x11) : to.below(opcode >= 0x60 && opcode < 0x64 ? 128 : 256));
    }

    private boolean general(int choice) {
        switch (choice) {
            case 7 -> {
                if (to.has(FeatureSet.POPCNT)) {
                    to.encode(0xF3, size(), new int[] {0x0F, 0xB8}, to.freeRegister(), to.registerOrMemory(), false);
                    return true;
                }
            }
            case 8 -> {
                boolean leading = to.chance(2);
                if (to.has(leading ? FeatureSet.LZCNT : FeatureSet.BMI1)) {
                    int[] opcode = {0x0F, leading ? 0xBD : 0xBC};
                    to.encode(0xF3, size(), opcode, to.freeRegister(), to.registerOrMemory(), false);
                    to.leaveUndefined(Cpu.FLAG_OF | Cpu.FLAG_SF | Cpu.FLAG_PF | Cpu.FLAG_AF);
                    return true;
                }
            }
            case 9 -> {
                if (to.has(FeatureSet.MOVBE)) {
                    to.encode(0, size(), new int[] {0x0F, 0x38, 0xF0 + to.below(2)}, to.freeRegister(), MEMORY, false);
                    return true;
                }
            }
            case 10 -> {
                if (to.has(FeatureSet.SSE4_2)) {
                    boolean bytes = to.chance(2);
                    int size = bytes ? to.wide() ? to.pick(4, 8) : 4 : size();
                    int[] opcode = {0x0F, 0x38, bytes ? 0xF0 : 0xF1};
                    to.encode(0xF2, size, opcode, to.freeRegister(), to.registerOrMemory(), false);
                    return true;
                }
            }
            default -> {
                return bitManipulation();
            }
        }
        return false;
    }

    private boolean bitManipulation() {
        int opcode = to.pick(0xF2, 0xF3, 0xF5, 0xF6, 0xF7, 0xF7, 0xF0);
        int prefix =
                switch (opcode) {
                    case 0xF5 -> to.pick(NONE, PF3, PF2);
                    case 0xF6, 0xF0 -> PF2;
                    case 0xF7 -> to.pick(NONE, P66, PF3, PF2);
                    default -> NONE;
                };
        boolean first = opcode < 0xF4 && opcode != 0xF0 || opcode == 0xF7 && prefix == NONE;
        if (!to.has(first ? FeatureSet.BMI1 : FeatureSet.BMI2)) {
            return false;
        }
        boolean w = to.chance(2);
        if (opcode == 0xF3) {
            vex(2, prefix, w, false, to.freeRegister(), opcode, 1 + to.below(3), to.registerOrMemory());
        } else if (opcode == 0xF0) {
            vex(3, prefix, w, false, 0, opcode, to.freeRegister(), to.registerOrMemory());
            to.emit(to.below(256));
        } else {
            int other = opcode == 0xF6 ? to.freeRegister() : to.anyRegister();
            vex(2, prefix, w, false, other, opcode, to.freeRegister(), to.registerOrMemory());
        }
        if (opcode == 0xF2 || opcode == 0xF3 || opcode == 0xF5 && prefix == NONE) {
            to.leaveUndefined(Cpu.FLAG_AF | Cpu.FLAG_PF);
        } else if (opcode == 0xF7 && prefix == NONE) {
            to.leaveUndefined(Cpu.FLAG_AF | Cpu.FLAG_PF | Cpu.FLAG_SF);
        }
        return true;
    }

    /** Emits a VEX prefix, opcode and ModRM. */
    void vex(int map, int prefix, boolean w, boolean l, int vvvv, int opcode, int reg, int rm) {
        byte[] operand = rm == MEMORY ? to.memoryOperand(reg) : new byte[] {(byte) (0xC0 | (reg & 7) << 3 | (rm & 7))};
        int rex = (rm == MEMORY ? to.memoryRex & 3 : rm >>> 3) | (reg & 8) >>> 1;
        int last = (~vvvv & 15) << 3 | (l ? 4 : 0) | prefix;
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        if (map == 1 && !w && (rex & 3) == 0 && to.chance(2)) {
            to.emit(0xC5, (rex == 0 ? 0x80 : 0) | last);
        } else {
            to.emit(0xC4, (~rex & 7) << 5 | map, (w ? 0x80 : 0) | last);
        }
        all.write(opcode);
        all.writeBytes(operand);
        for (byte value : all.toByteArray()) {
            to.emit(value & 0xFF);
        }
    }
}
