// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.HashMap;
import java.util.Map;

/**
 * The vector instructions with a VEX prefix (Intel SDM volume 2, chapter 5 and the opcode maps of appendix A): which there
 * are, in which widths, and how {@link AvxUnit} executes them, as {@link Instruction#operation}.
 */
final class AvxSelector {
    /** Each lane of the destination is the SSE instruction's result from the same lane of the source. */
    static final int LANES = 1;

    /** The same, with the register in VEX.vvvv as first source. */
    static final int LANES_3 = 2;

    /** The SSE instruction on the low lane, whose other elements come from VEX.vvvv. */
    static final int SCALAR = 3;

    /** The SSE instruction as it is: it writes no vector register. */
    static final int PLAIN = 4;

    /** The SSE instruction as it is; the upper half of its destination is cleared. */
    static final int PLAIN_VECTOR = 5;

    /** Moves of whole vectors; aligned if the opcode says so. */
    static final int LOAD = 6;

    static final int STORE = 7;

    /** Shifts all elements by the low quadword of a 128-bit source. */
    static final int SHIFT_COUNT = 8;

    /** Shifts by the immediate: the destination is VEX.vvvv. */
    static final int SHIFT_IMMEDIATE = 9;

    /** Each lane comes from a part of the source. */
    static final int WIDEN = 10;

    /** Each lane becomes 64 bits. */
    static final int NARROW = 11;

    static final int MOVE_MASK = 12;
    static final int ZERO = 13;

    /** Executed by {@link AvxRearrangeUnit}. */
    static final int REARRANGE = 14;

    /** Executed by {@link FusedUnit}. */
    static final int FUSED = 15;

    static final int TEST = 16;

    private static final int FORM = 0xFF;
    private static final int VVVV = 1 << 8;

    /** 128 bits only; 256 bits only; the length is ignored. */
    private static final int SHORT = 1 << 9;

    private static final int LONG = 1 << 10;
    private static final int ANY_LENGTH = 1 << 11;
    private static final int W0 = 1 << 12;
    private static final int W1 = 1 << 13;

    /** 256 bits are of AVX2; both lengths are. */
    private static final int INTEGER = 1 << 14;

    private static final int AVX2 = 1 << 15;
    private static final int MEMORY = 1 << 16;
    private static final int REGISTER = 1 << 17;
    private static final int IS_F16C = 1 << 18;
    private static final int IS_FMA = 1 << 19;
    private static final int AES = 1 << 20;
    private static final int CARRYLESS = 1 << 21;

    /** The vector index wants a SIB byte. */
    private static final int GATHER = 1 << 22;

    /** Keyed by map, prefix and opcode. */
    private static final Map<Integer, Integer> ALL = new HashMap<>();

    private static final int NONE = 0;
    private static final int P66 = 1;
    private static final int PF3 = 2;
    private static final int PF2 = 3;

    private AvxSelector() {}

    private static int key(int map, int prefix, int opcode) {
        return map << 12 | prefix << 8 | opcode;
    }

    private static void set(int map, int prefix, int what, int... opcodes) {
        for (int opcode : opcodes) {
            ALL.put(key(map, prefix, opcode), what);
        }
    }

    private static void range(int map, int prefix, int from, int to, int what) {
        for (int opcode = from; opcode <= to; opcode++) {
            set(map, prefix, what, opcode);
        }
    }

    static {
        floatingPoint();
        integers();
        map0F38();
        map0F3A();
    }

    private static void floatingPoint() {
        int map = Instruction.MAP_0F;
        int three = LANES_3 | VVVV;
        int scalar = SCALAR | VVVV | ANY_LENGTH;
        for (int prefix : new int[] {NONE, P66}) {
            set(map, prefix, LOAD, 0x10, 0x28);
            set(map, prefix, STORE, 0x11, 0x29);
            set(map, prefix, STORE | MEMORY, 0x2B);
            set(map, prefix, SCALAR | VVVV | SHORT | (prefix == P66 ? MEMORY : 0), 0x12, 0x16);
            set(map, prefix, PLAIN | SHORT | MEMORY, 0x13, 0x17);
            set(map, prefix, PLAIN | ANY_LENGTH, 0x2E, 0x2F);
            set(map, prefix, MOVE_MASK | REGISTER, 0x50);
            set(map, prefix, LANES, 0x51, 0x5B);
            set(map, prefix, three, 0x14, 0x15, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F, 0xC2, 0xC6);
        }
        set(map, NONE, LANES, 0x52, 0x53);
        set(map, NONE, WIDEN, 0x5A);
        set(map, NONE, ZERO, 0x77);
        set(map, NONE, PLAIN | SHORT | MEMORY, 0xAE);
        set(map, P66, NARROW, 0x5A, 0xE6);
        set(map, PF2, NARROW, 0xE6);
        set(map, PF3, WIDEN, 0xE6);
        set(map, P66, three, 0x7C, 0x7D, 0xD0);
        set(map, PF2, three, 0x7C, 0x7D, 0xD0);
        set(map, PF3, LANES, 0x12, 0x16, 0x5B);
        set(map, PF2, LANES, 0x12);
        set(map, PF2, LOAD | MEMORY, 0xF0);
        for (int prefix : new int[] {PF3, PF2}) {
            set(map, prefix, scalar, 0x10, 0x11, 0x2A, 0x51, 0x58, 0x59, 0x5A, 0x5C, 0x5D, 0x5E, 0x5F, 0xC2);
            set(map, prefix, PLAIN | ANY_LENGTH, 0x2C, 0x2D);
        }
        set(map, PF3, scalar, 0x52, 0x53);
    }

    private static void integers() {
        int map = Instruction.MAP_0F;
        int three = LANES_3 | VVVV | INTEGER;
        range(map, P66, 0x60, 0x6D, three);
        range(map, P66, 0x74, 0x76, three);
        for (int opcode = 0xD4; opcode <= 0xFE; opcode++) {
            if (PackedInteger.isElementwise(opcode)) {
                set(map, P66, three, opcode);
            }
        }
        set(map, P66, SHIFT_COUNT | VVVV | INTEGER, 0xD1, 0xD2, 0xD3, 0xE1, 0xE2, 0xF1, 0xF2, 0xF3);
        set(map, P66, SHIFT_IMMEDIATE | VVVV | INTEGER | REGISTER, 0x71, 0x72, 0x73);
        set(map, P66, PLAIN_VECTOR | SHORT, 0x6E);
        set(map, P66, PLAIN | SHORT, 0x7E);
        set(map, P66, PLAIN_VECTOR | SHORT, 0xD6);
        set(map, PF3, PLAIN_VECTOR | SHORT, 0x7E);
        set(map, P66, LOAD, 0x6F);
        set(map, PF3, LOAD, 0x6F);
        set(map, P66, STORE, 0x7F);
        set(map, PF3, STORE, 0x7F);
        set(map, P66, STORE | MEMORY, 0xE7);
        set(map, P66, LANES | INTEGER, 0x70);
        set(map, PF3, LANES | INTEGER, 0x70);
        set(map, PF2, LANES | INTEGER, 0x70);
        set(map, P66, SCALAR | VVVV | SHORT, 0xC4);
        set(map, P66, PLAIN | SHORT | REGISTER, 0xC5, 0xF7);
        set(map, P66, MOVE_MASK | INTEGER | REGISTER, 0xD7);
    }

    private static void map0F38() {
        int map = Instruction.MAP_0F38;
        int three = LANES_3 | VVVV | INTEGER;
        range(map, P66, 0x00, 0x0B, three);
        set(map, P66, REARRANGE | VVVV | W0, 0x0C, 0x0D);
        set(map, P66, TEST | W0, 0x0E, 0x0F);
        set(map, P66, FUSED | IS_F16C | W0, 0x13);
        set(map, P66, REARRANGE | VVVV | W0 | LONG | AVX2, 0x16, 0x36);
        set(map, P66, TEST, 0x17);
        set(map, P66, REARRANGE | W0, 0x18);
        set(map, P66, REARRANGE | W0 | LONG, 0x19);
        set(map, P66, REARRANGE | W0 | LONG | MEMORY, 0x1A);
        range(map, P66, 0x1C, 0x1E, LANES | INTEGER);
        range(map, P66, 0x20, 0x25, WIDEN | INTEGER);
        range(map, P66, 0x30, 0x35, WIDEN | INTEGER);
        set(map, P66, three, 0x28, 0x29, 0x2B, 0x37);
        set(map, P66, LOAD | INTEGER | MEMORY, 0x2A);
        range(map, P66, 0x2C, 0x2F, REARRANGE | VVVV | W0 | MEMORY);
        range(map, P66, 0x38, 0x40, three);
        set(map, P66, LANES | SHORT, 0x41);
        set(map, P66, REARRANGE | VVVV | AVX2, 0x45, 0x47);
        set(map, P66, REARRANGE | VVVV | AVX2 | W0, 0x46);
        set(map, P66, REARRANGE | AVX2 | W0, 0x58, 0x59, 0x78, 0x79);
        set(map, P66, REARRANGE | AVX2 | W0 | LONG | MEMORY, 0x5A);
        set(map, P66, REARRANGE | VVVV | AVX2 | MEMORY, 0x8C, 0x8E);
        range(map, P66, 0x90, 0x93, REARRANGE | VVVV | AVX2 | MEMORY | GATHER);
        for (int form = 0x90; form <= 0xB0; form += 0x10) {
            for (int kind = 6; kind <= 15; kind++) {
                boolean single = kind >= 9 && (kind & 1) != 0;
                set(map, P66, FUSED | VVVV | IS_FMA | (single ? ANY_LENGTH : 0), form | kind);
            }
        }
        set(map, P66, LANES | SHORT | AES, 0xDB);
        range(map, P66, 0xDC, 0xDF, LANES_3 | VVVV | SHORT | AES);
    }

    private static void map0F3A() {
        int map = Instruction.MAP_0F3A;
        int three = LANES_3 | VVVV;
        set(map, P66, REARRANGE | AVX2 | LONG | W1, 0x00, 0x01);
        set(map, P66, REARRANGE | VVVV | AVX2 | W0, 0x02);
        set(map, P66, REARRANGE | W0, 0x04, 0x05);
        set(map, P66, REARRANGE | VVVV | LONG | W0, 0x06, 0x18);
        set(map, P66, LANES, 0x08, 0x09);
        set(map, P66, SCALAR | VVVV | ANY_LENGTH, 0x0A, 0x0B);
        set(map, P66, three, 0x0C, 0x0D, 0x40);
        set(map, P66, three | INTEGER, 0x0E, 0x0F, 0x42);
        range(map, P66, 0x14, 0x17, PLAIN | SHORT);
        set(map, P66, REARRANGE | LONG | W0, 0x19);
        set(map, P66, FUSED | IS_F16C | W0, 0x1D);
        range(map, P66, 0x20, 0x22, SCALAR | VVVV | SHORT);
        set(map, P66, REARRANGE | VVVV | LONG | W0 | AVX2, 0x38, 0x46);
        set(map, P66, REARRANGE | LONG | W0 | AVX2, 0x39);
        set(map, P66, three | SHORT, 0x41);
        set(map, P66, three | SHORT | CARRYLESS, 0x44);
        set(map, P66, REARRANGE | VVVV | W0, 0x4A, 0x4B);
        set(map, P66, REARRANGE | VVVV | W0 | INTEGER, 0x4C);
        range(map, P66, 0x60, 0x63, PLAIN_VECTOR | SHORT);
        set(map, P66, LANES | SHORT | AES, 0xDF);
    }

    /** Makes a vector instruction of {@code i}, or leaves it undefined. */
    static void select(Instruction i) {
        int prefix = i.operandSizePrefix ? P66 : i.repeat == 0xF3 ? PF3 : i.repeat == 0xF2 ? PF2 : NONE;
        int what = ALL.getOrDefault(key(i.map, prefix, i.opcode), 0);
        int form = what & FORM;
        if (form == 0 || !lengthAndWidth(i, what)) {
            return;
        }
        boolean scalarMove = prefix >= PF3 && (i.opcode & 0xFE) == 0x10 && i.map == Instruction.MAP_0F;
        if (i.vvvv != 0 && ((what & VVVV) == 0 || scalarMove && i.memory)) {
            return;
        }
        if ((what & MEMORY) != 0 && !i.memory || (what & REGISTER) != 0 && i.memory) {
            return;
        }
        if (!special(i, what)) {
            return;
        }
        i.requires |= FeatureSet.AVX
                | ((what & AVX2) != 0 || (what & INTEGER) != 0 && i.vexL ? FeatureSet.AVX2 : 0)
                | ((what & IS_F16C) != 0 ? FeatureSet.F16C : 0)
                | ((what & IS_FMA) != 0 ? FeatureSet.FMA : 0)
                | ((what & AES) != 0 ? FeatureSet.AES : 0)
                | ((what & CARRYLESS) != 0 ? FeatureSet.PCLMULQDQ : 0);
        if ((what & ANY_LENGTH) != 0) {
            i.vexL = false;
        }
        boolean moved = moves(i, scalarMove);
        i.operation = moved && i.memory ? PLAIN : form;
        i.op = Op.AVX;
        i.lane = lane(i, i.operation);
    }

    private static boolean lengthAndWidth(Instruction i, int what) {
        boolean length = (what & SHORT) == 0 || !i.vexL;
        length &= (what & LONG) == 0 || i.vexL;
        return length && ((what & W0) == 0 || !i.vexW) && ((what & W1) == 0 || i.vexW);
    }

    /** What the table does not say. */
    private static boolean special(Instruction i, int what) {
        if (i.map == Instruction.MAP_0F) {
            int extension = i.extension();
            return switch (i.opcode) {
                case 0xAE -> extension == 2 || extension == 3;
                case 0x71 -> extension == 2 || extension == 4 || extension == 6;
                case 0x72 -> extension == 2 || extension == 4 || extension == 6;
                case 0x73 -> extension == 2 || extension == 3 || extension == 6 || extension == 7;
                default -> true;
            };
        }
        if (i.map == Instruction.MAP_0F38 && (i.opcode == 0x18 || i.opcode == 0x19) && !i.memory) {
            i.requires = FeatureSet.AVX2;
        }
        if ((what & GATHER) != 0) {
            int index = i.vectorIndex;
            i.index = Cpu.ZERO;
            return (i.modrm & 7) == 4 && i.addressSize != 2 && i.reg != index && i.reg != i.vvvv && index != i.vvvv;
        }
        return true;
    }

    /** Turns the moves to a register in ModRM.rm around, so that the destination is always {@link Instruction#reg}. */
    private static boolean moves(Instruction i, boolean scalarMove) {
        boolean quadword = i.map == Instruction.MAP_0F && i.opcode == 0xD6;
        if (scalarMove && i.opcode == 0x11 || quadword) {
            if (!i.memory) {
                int source = i.reg;
                i.reg = i.rm;
                i.rm = source;
                i.opcode = quadword ? 0x7E : 0x10;
                i.repeat = quadword ? 0xF3 : i.repeat;
                i.operandSizePrefix = false;
            }
            return true;
        }
        return false;
    }

    /** The SSE instruction on {@link FloatingPointState}'s lane registers that does the work. */
    private static Instruction lane(Instruction i, int form) {
        Instruction lane = new Instruction();
        lane.map = i.map;
        lane.opcode = i.opcode;
        lane.vex = true;
        lane.rexW = i.rexW;
        lane.repeat = i.repeat;
        lane.operandSizePrefix = i.operandSizePrefix;
        lane.operandSize = i.operandSize;
        lane.modrm = i.modrm;
        lane.immediate = i.immediate;
        lane.reg = FloatingPointState.LANE_RESULT;
        lane.rm = FloatingPointState.LANE_SOURCE;
        if (form == SCALAR) {
            lane.rm = i.rm;
            lane.memory = i.memory;
            lane.addressSize = i.addressSize;
            lane.base = i.base;
            lane.index = i.index;
            lane.scale = i.scale;
            lane.displacement = i.displacement;
            lane.ripRelative = i.ripRelative;
            lane.segment = i.segment;
        }
        return lane;
    }
}
