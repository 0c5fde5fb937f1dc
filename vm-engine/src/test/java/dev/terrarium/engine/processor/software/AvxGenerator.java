// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** The part of {@link ExtensionGenerator} for AVX, AVX2, F16C and FMA: every opcode with every prefix, width and length. */
final class AvxGenerator {
    private static final int MEMORY = OracleGenerator.MEMORY;
    private static final int[] MAIN =
            OracleGenerator.range(0x10, 0x17, 0x28, 0x2F, 0x50, 0x76, 0x7C, 0x7F, 0xC2, 0xC2, 0xC4, 0xC6, 0xD0, 0xFE);
    private static final int[] MAP_0F38 = OracleGenerator.range(
            0x00, 0x0F, 0x13, 0x13, 0x16, 0x1E, 0x20, 0x25, 0x28, 0x41, 0x45, 0x47, 0x58, 0x5A, 0x78, 0x79, 0x8C, 0x8E,
            0x90, 0x9F, 0x90, 0x93, 0xA6, 0xAF, 0xB6, 0xBF, 0xDB, 0xDF);
    private static final int[] MAP_0F3A = OracleGenerator.range(
            0x00, 0x06, 0x08, 0x0F, 0x14, 0x19, 0x1D, 0x1D, 0x20, 0x22, 0x38, 0x39, 0x40, 0x42, 0x44, 0x44, 0x46, 0x46,
            0x4A, 0x4C, 0x60, 0x63, 0xDF, 0xDF);

    private final OracleGenerator to;
    private final ExtensionGenerator encoder;

    AvxGenerator(OracleGenerator to, ExtensionGenerator encoder) {
        this.to = to;
        this.encoder = encoder;
    }

    void instruction() {
        if (to.chance(40)) {
            to.emit(0xC5, to.chance(3) ? 0xFC : 0xF8, 0x77); // VZEROALL, VZEROUPPER
            return;
        }
        int map = 1 + to.below(3);
        int[] opcodes = map == 1 ? MAIN : map == 2 ? MAP_0F38 : MAP_0F3A;
        int opcode = opcodes[to.below(opcodes.length)];
        int prefix = map == 1 ? to.below(4) : 1;
        boolean w = to.chance(2);
        boolean l = to.chance(2);
        boolean memory = to.chance(3);
        int rm = memory ? MEMORY : encoder.vector();
        int reg = encoder.vector();
        int vvvv = encoder.vector();
        // What is not defined is of no interest, and what AVX-512 hosts have beyond FeatureSet would be.
        int fixed = fit(map, opcode, prefix, w, l, memory, false);
        if (fixed < 0) {
            fixed = fit(map, opcode, prefix, w, l, memory, true);
            if (fixed < 0) {
                instruction();
                return;
            }
            vvvv = 0;
        }
        if (isGeneralTarget(map, opcode, prefix)) {
            reg = to.freeRegister();
        }
        if (isGeneralSource(map, opcode, prefix) && !memory) {
            rm = to.freeRegister();
        }
        if (map == 2 && opcode >= 0x90 && opcode <= 0x93) {
            gather(opcode, w, l);
            return;
        }
        encoder.vex(map, prefix, w, l, vvvv, opcode, reg, rm);
        boolean immediate =
                map == 3 || map == 1 && ((opcode >= 0x70 && opcode <= 0x73) || (opcode >= 0xC2 && opcode <= 0xC6));
        if (immediate) {
            to.emit(to.chance(3) ? to.below(32) : to.below(256));
        }
    }

    /** Does the decoder know it, with a register in VEX.vvvv or without? Negative if not. */
    private int fit(int map, int opcode, int prefix, boolean w, boolean l, boolean memory, boolean without) {
        boolean approximation = map == 1 && (opcode == 0x52 || opcode == 0x53);
        if (approximation && !to.approximates()) {
            return -1;
        }
        byte[] bytes = new byte[15 + Decoder.PADDING];
        bytes[0] = (byte) 0xC4;
        bytes[1] = (byte) (0xE0 | map);
        bytes[2] = (byte) ((w ? 0x80 : 0) | (without ? 0x78 : 0x70) | (l ? 4 : 0) | prefix);
        bytes[3] = (byte) opcode;
        boolean gather = map == 2 && opcode >= 0x90 && opcode <= 0x93;
        boolean group = map == 1 && opcode >= 0x71 && opcode <= 0x73;
        bytes[4] = (byte) (gather ? 0x04 : memory ? 0x06 : group ? 0xD2 : 0xC2);
        bytes[5] = (byte) (gather ? 0x1E : 0);
        Instruction i = new Decoder(bytes, FeatureSet.BEST).decode(0, 8, 0);
        return i.op == Op.AVX && to.has(i.requires) ? 0 : -1;
    }

    private static boolean isGeneralTarget(int map, int opcode, int prefix) {
        return map == 1
                && (opcode == 0x50
                        || opcode == 0xD7
                        || opcode == 0xC5
                        || (opcode == 0x2C || opcode == 0x2D) && prefix >= 2);
    }

    private static boolean isGeneralSource(int map, int opcode, int prefix) {
        return map == 1
                        && (opcode == 0x2A && prefix >= 2
                                || (opcode == 0x6E || opcode == 0x7E) && prefix == 1
                                || opcode == 0xC4)
                || map == 3 && (opcode >= 0x14 && opcode <= 0x17 || opcode == 0x20 || opcode == 0x22);
    }

    /** The index register is made of small numbers first, by taking the top bits of what it held. */
    private void gather(int opcode, boolean w, boolean l) {
        int reg = to.below(4);
        int index = 4 + to.below(4);
        int mask = 8 + to.below(to.wide() ? 8 : 1);
        if (!to.wide()) {
            mask = 3 - reg == reg ? 0 : 3 - reg;
        }
        boolean quadwords = (opcode & 1) != 0;
        // VPSRLD or VPSRLQ index, index, so that 8 bits remain.
        encoder.vex(1, 1, false, l, index, quadwords ? 0x73 : 0x72, 2, index);
        to.emit(quadwords ? 56 : 24);
        int scale = to.below(4);
        int rex = 0xE0;
        int pointer = 3;
        to.emit(0xC4, rex | 2, (w ? 0x80 : 0) | (~mask & 15) << 3 | (l ? 4 : 0) | 1, opcode);
        to.emit(reg << 3 | 4, scale << 6 | index << 3 | pointer);
    }
}
