// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** The part of {@link OpSelector} for general-register instructions of map 0F38 and behind a VEX prefix. */
final class BitManipulationSelector {
    private BitManipulationSelector() {}

    /** MOVBE, and CRC32 behind F2. */
    static void map0F38(Instruction i) {
        boolean load = i.opcode == 0xF0;
        if (i.repeat == 0xF2) {
            int narrow = load ? 1 : i.operandSize;
            OpSelector.toReg(i, 4);
            if (!i.memory) {
                OpSelector.source(i, i.rm, narrow);
            }
            i.operation = narrow;
            i.op = Op.CRC32;
        } else if (i.memory && i.repeat == 0) {
            if (load) {
                OpSelector.toReg(i, i.operandSize);
            } else {
                OpSelector.toRm(i, i.operandSize);
            }
            i.op = load ? Op.MOVBE_L : Op.MOVBE_M;
        }
    }

    /** BMI1 and BMI2: all of them have VEX.L clear. */
    static void vex(Instruction i) {
        if (i.vexL) {
            return;
        }
        OpSelector.toReg(i, i.operandSize);
        int prefix = i.operandSizePrefix ? 0x66 : i.repeat;
        if (i.map == Instruction.MAP_0F3A) {
            if (prefix == 0xF2 && i.vvvv == 0) {
                i.op = Op.RORX;
                i.operation = (int) i.immediate & (i.operandSize == 8 ? 63 : 31);
                i.immediate = 0;
            }
            return;
        }
        i.op = switch (i.opcode) {
            case 0xF2 -> prefix == 0 ? Op.ANDN : Op.INVALID;
            case 0xF3 -> prefix == 0 ? lowestBit(i) : Op.INVALID;
            case 0xF5 -> pick(prefix, Op.BZHI, Op.INVALID, Op.PEXT, Op.PDEP);
            case 0xF6 -> prefix == 0xF2 ? Op.MULX : Op.INVALID;
            case 0xF7 -> pick(prefix, Op.BEXTR, Op.SHLX, Op.SARX, Op.SHRX);
            default -> Op.INVALID;
        };
    }

    private static int pick(int prefix, int none, int with66, int withF3, int withF2) {
        return switch (prefix) {
            case 0 -> none;
            case 0x66 -> with66;
            case 0xF3 -> withF3;
            default -> withF2;
        };
    }

    private static int lowestBit(Instruction i) {
        return switch (i.extension()) {
            case 1 -> Op.BLSR;
            case 2 -> Op.BLSMSK;
            case 3 -> Op.BLSI;
            default -> Op.INVALID;
        };
    }
}
