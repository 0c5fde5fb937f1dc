// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Says what a decoded instruction does: chooses its {@link Op} and fills in its operands in that operation's form. */
final class OpSelector {
    private OpSelector() {}

    static void select(Instruction i, int shape, int codeSize) {
        i.op = Op.INVALID;
        if (i.vex && (shape & OpcodeMap.SIMD) != 0) {
            AvxSelector.select(i);
        } else if ((shape & OpcodeMap.X87) != 0) {
            i.op = Op.X87;
        } else if ((shape & OpcodeMap.SIMD) != 0) {
            i.op = Op.SIMD;
        } else if ((shape & OpcodeMap.SYSTEM) != 0) {
            system(i);
        } else if (i.vex) {
            BitManipulationSelector.vex(i);
        } else if (i.map == Instruction.MAP_ONE_BYTE) {
            oneByte(i, codeSize);
        } else if (i.map == Instruction.MAP_0F) {
            twoByte(i, codeSize);
        } else {
            BitManipulationSelector.map0F38(i);
        }
        if (i.lock) {
            i.op = lockable(i) ? Op.LOCKED : Op.INVALID;
        }
    }

    private static boolean lockable(Instruction i) {
        if (!i.memory) {
            return false;
        }
        if (i.map == Instruction.MAP_ONE_BYTE) {
            return switch (i.opcode) {
                case 0x00, 0x01, 0x08, 0x09, 0x10, 0x11, 0x18, 0x19, 0x20, 0x21, 0x28, 0x29, 0x30, 0x31 -> true;
                case 0x80, 0x81, 0x82, 0x83 -> i.extension() != Arithmetic.CMP;
                case 0x86, 0x87 -> true;
                case 0xF6, 0xF7 -> i.extension() == 2 || i.extension() == 3;
                case 0xFE, 0xFF -> i.extension() < 2;
                default -> false;
            };
        }
        return i.map == Instruction.MAP_0F
                && switch (i.opcode) {
                    case 0xAB, 0xB3, 0xBB, 0xB0, 0xB1, 0xC0, 0xC1 -> true;
                    case 0xBA -> i.extension() >= 5;
                    case 0xC7 -> i.extension() == 1;
                    default -> false;
                };
    }

    private static void system(Instruction i) {
        boolean valid = true;
        if (i.map == Instruction.MAP_ONE_BYTE) {
            switch (i.opcode) {
                case 0x8E -> valid = i.extension() != Cpu.CS && i.extension() <= Cpu.GS;
                case 0xC4, 0xC5 -> valid = i.memory;
                default -> {}
            }
        } else {
            switch (i.opcode) {
                case 0xB2, 0xB4, 0xB5 -> valid = i.memory;
                default -> {}
            }
        }
        i.op = valid ? Op.SYSTEM : Op.INVALID;
    }

    /** Where a byte operand in register {@code number} starts: 8 for AH, CH, DH, BH. */
    static int byteShift(Instruction i, int number, int size) {
        return size == 1 && !i.rex && number >= 4 && number < 8 ? 8 : 0;
    }

    private static void destination(Instruction i, int number, int size) {
        i.destinationShift = byteShift(i, number, size);
        i.destination = i.destinationShift == 0 ? number : number - 4;
    }

    static void source(Instruction i, int number, int size) {
        i.sourceShift = byteShift(i, number, size);
        i.source = i.sourceShift == 0 ? number : number - 4;
    }

    /** Operands r/m, reg. */
    static void toRm(Instruction i, int size) {
        source(i, i.reg, size);
        if (!i.memory) {
            destination(i, i.rm, size);
        }
    }

    /** Operands reg, r/m. */
    static void toReg(Instruction i, int size) {
        destination(i, i.reg, size);
        if (!i.memory) {
            source(i, i.rm, size);
        }
    }

    /** Operand r/m, perhaps with an immediate. */
    private static void rm(Instruction i) {
        if (!i.memory) {
            destination(i, i.rm, i.operandSize);
        }
    }

    private static int pick(int size, int op32, int op64, int other) {
        return size == 4 ? op32 : size == 8 ? op64 : other;
    }

    private static void alu(Instruction i, int operation, boolean load) {
        i.operation = operation;
        boolean byteCompare = i.operandSize == 1 && operation == Arithmetic.CMP;
        if (!i.memory) {
            i.op = byteCompare
                    ? Op.CMP8_R
                    : pick(i.operandSize, Op.ADD32_R + operation, Op.ADD64_R + operation, Op.ALU_R);
        } else if (load) {
            i.op = byteCompare
                    ? Op.CMP8_L
                    : pick(i.operandSize, Op.ADD32_L + operation, Op.ADD64_L + operation, Op.ALU_L);
        } else {
            i.op = byteCompare
                    ? Op.CMP8_M
                    : pick(i.operandSize, Op.ADD32_M + operation, Op.ADD64_M + operation, Op.ALU_M);
        }
    }

    private static void test(Instruction i) {
        if (i.memory) {
            i.op = i.operandSize == 1 ? Op.TEST8_M : pick(i.operandSize, Op.TEST32_M, Op.TEST64_M, Op.TEST_M);
        } else {
            i.op = i.operandSize == 1 ? Op.TEST8_R : pick(i.operandSize, Op.TEST32_R, Op.TEST64_R, Op.TEST_R);
        }
    }

    private static void move(Instruction i, boolean load) {
        if (!i.memory) {
            i.op = i.operandSize == 1 ? Op.MOV8_R : pick(i.operandSize, Op.MOV32_R, Op.MOV64_R, Op.MOV_R);
        } else if (load) {
            i.op = i.operandSize == 1 ? Op.MOV8_L : pick(i.operandSize, Op.MOV32_L, Op.MOV64_L, Op.MOV_L);
        } else {
            i.op = switch (i.operandSize) {
                case 1 -> Op.MOV8_M;
                case 2 -> Op.MOV16_M;
                case 4 -> Op.MOV32_M;
                default -> Op.MOV64_M;
            };
        }
    }

    /** A jump's target counts from the start of the block, and is cut to the operand size. */
    private static void branch(Instruction i, int op, int codeSize) {
        i.op = op;
        i.addressBase = Cpu.BLOCK_START;
        i.addressOffset = i.immediate + i.end;
        i.addressMask = Decoder.mask(codeSize == 8 ? 8 : i.operandSize);
    }

    private static void oneByte(Instruction i, int codeSize) {
        int opcode = i.opcode;
        int size = i.operandSize;
        if (opcode < 0x40 && (opcode & 7) < 6) {
            int operation = opcode >>> 3;
            switch (opcode & 7) {
                case 0, 1 -> {
                    toRm(i, size);
                    alu(i, operation, false);
                }
                case 2, 3 -> {
                    toReg(i, size);
                    alu(i, operation, true);
                }
                default -> {
                    i.destination = Cpu.RAX;
                    alu(i, operation, false);
                }
            }
            return;
        }
        switch (opcode) {
            case 0x06, 0x0E, 0x16, 0x1E -> pushSegment(i, opcode >>> 3);
            case 0x27 -> i.op = Op.DAA;
            case 0x2F -> i.op = Op.DAS;
            case 0x37 -> i.op = Op.AAA;
            case 0x3F -> i.op = Op.AAS;
            case 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47 -> {
                destination(i, i.reg, size);
                i.op = pick(size, Op.INC32_R, Op.INC64_R, Op.INC);
            }
            case 0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F -> {
                destination(i, i.reg, size);
                i.op = pick(size, Op.DEC32_R, Op.DEC64_R, Op.DEC);
            }
            case 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57 -> {
                source(i, i.reg, size);
                push(i, codeSize);
            }
            case 0x58, 0x59, 0x5A, 0x5B, 0x5C, 0x5D, 0x5E, 0x5F -> {
                destination(i, i.reg, size);
                i.op = codeSize == 8 && size == 8 ? Op.POP64 : Op.POP;
            }
            case 0x60 -> i.op = Op.PUSHA;
            case 0x61 -> i.op = Op.POPA;
            case 0x62 -> i.op = i.memory ? Op.BOUND : Op.INVALID;
            case 0x63 -> extendDoubleword(i, codeSize);
            case 0x68, 0x6A -> push(i, codeSize);
            case 0x69, 0x6B -> {
                toReg(i, size);
                i.op = Op.IMUL_IMMEDIATE;
            }
            case 0x6C, 0x6D, 0x6E, 0x6F -> i.op = Op.PORT_STRING;
            case 0x80, 0x81, 0x82, 0x83 -> {
                rm(i);
                alu(i, i.extension(), false);
            }
            case 0x84, 0x85 -> {
                toRm(i, size);
                test(i);
            }
            case 0x86, 0x87 -> {
                toRm(i, size);
                i.op = i.memory ? Op.LOCKED : Op.XCHG_R;
            }
            case 0x88, 0x89 -> {
                toRm(i, size);
                move(i, false);
            }
            case 0x8A, 0x8B -> {
                toReg(i, size);
                move(i, true);
            }
            case 0x8C -> {
                if (i.extension() <= Cpu.GS) {
                    i.op = Op.MOV_FROM_SEGMENT;
                    rm(i);
                }
            }
            case 0x8D -> {
                if (i.memory) {
                    destination(i, i.reg, size);
                    i.op = pick(size, Op.LEA32, Op.LEA64, Op.LEA);
                }
            }
            case 0x8F -> {
                if (i.extension() == 0) {
                    rm(i);
                    i.op = Op.POP;
                    if (i.memory && !i.ripRelative && i.base == Cpu.RSP) {
                        i.addressOffset = i.displacement + size;
                    }
                }
            }
            case 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97 -> {
                if (i.reg == Cpu.RAX) {
                    i.op = Op.NOP;
                } else {
                    i.source = Cpu.RAX;
                    i.destination = i.reg;
                    i.op = Op.XCHG_R;
                }
            }
            case 0x98 -> i.op = Op.CONVERT;
            case 0x99 -> i.op = Op.CONVERT_PAIR;
            case 0x9E -> i.op = Op.SAHF;
            case 0x9F -> i.op = Op.LAHF;
            case 0xA0, 0xA1 -> {
                i.destination = Cpu.RAX;
                move(i, true);
            }
            case 0xA2, 0xA3 -> {
                i.source = Cpu.RAX;
                move(i, false);
            }
            case 0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF -> i.op = Op.STRING;
            case 0xA8, 0xA9 -> {
                i.destination = Cpu.RAX;
                test(i);
            }
            default -> oneByteUpper(i, codeSize);
        }
    }

    private static void oneByteUpper(Instruction i, int codeSize) {
        int opcode = i.opcode;
        int size = i.operandSize;
        switch (opcode) {
            case 0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7 -> {
                destination(i, i.reg, 1);
                i.op = Op.MOV8_R;
            }
            case 0xB8, 0xB9, 0xBA, 0xBB, 0xBC, 0xBD, 0xBE, 0xBF -> {
                destination(i, i.reg, size);
                move(i, false);
            }
            case 0xC0, 0xC1 -> shift(i);
            case 0xD0, 0xD1 -> {
                i.immediate = 1;
                shift(i);
            }
            case 0xD2, 0xD3 -> {
                i.source = Cpu.RCX;
                shift(i);
            }
            case 0xC2, 0xC3 -> i.op = codeSize == 8 && opcode == 0xC3 ? Op.RET64 : Op.RET;
            case 0xC6, 0xC7 -> {
                if (i.extension() == 0) {
                    rm(i);
                    move(i, false);
                }
            }
            case 0xC8 -> i.op = Op.ENTER;
            case 0xC9 -> i.op = Op.LEAVE;
            case 0xD4 -> i.op = Op.AAM;
            case 0xD5 -> i.op = Op.AAD;
            case 0xD6 -> i.op = Op.SALC;
            case 0xD7 -> {
                i.op = Op.XLAT;
                i.addressBase = Cpu.RBX;
            }
            case 0xE0, 0xE1, 0xE2, 0xE3 -> branch(i, Op.LOOP, codeSize);
            case 0xE8 -> branch(i, codeSize == 8 ? Op.CALL64 : Op.CALL, codeSize);
            case 0xE9, 0xEB -> branch(i, Op.JMP, codeSize);
            case 0xF5 -> i.op = Op.CMC;
            case 0xF6, 0xF7 -> unary(i);
            case 0xF8 -> i.op = Op.CLC;
            case 0xF9 -> i.op = Op.STC;
            case 0xFC -> i.op = Op.CLD;
            case 0xFD -> i.op = Op.STD;
            case 0xFE -> incrementOrDecrement(i);
            case 0xFF -> groupFive(i, codeSize);
            default -> {
                if (opcode >= 0x70 && opcode <= 0x7F) {
                    branch(i, Op.JO + (opcode & 15), codeSize);
                }
            }
        }
    }

    private static void pushSegment(Instruction i, int segment) {
        i.op = Op.PUSH_SEGMENT;
        i.operation = segment;
    }

    private static void push(Instruction i, int codeSize) {
        i.op = codeSize == 8 && i.operandSize == 8 ? Op.PUSH64 : Op.PUSH;
    }

    private static void extendDoubleword(Instruction i, int codeSize) {
        if (codeSize != 8) {
            i.op = Op.SYSTEM;
        } else if (i.operandSize == 8) {
            toReg(i, 8);
            i.op = i.memory ? Op.MOVSXD_L : Op.MOVSXD_R;
        } else {
            toReg(i, i.operandSize);
            move(i, true);
        }
    }

    private static void shift(Instruction i) {
        int size = i.operandSize;
        int kind = i.extension() == Shifts.SAL ? Shifts.SHL : i.extension();
        i.operation = kind;
        rm(i);
        i.op = Op.SHIFT;
        if (i.source != Cpu.ZERO) {
            return;
        }
        int count = (int) i.immediate & (size == 8 ? 63 : 31);
        i.immediate = count;
        if (!i.memory && count != 0) {
            i.op = switch (kind) {
                case Shifts.SHL -> pick(size, Op.SHL32_I, Op.SHL64_I, Op.SHIFT);
                case Shifts.SHR -> pick(size, Op.SHR32_I, Op.SHR64_I, Op.SHIFT);
                case Shifts.SAR -> pick(size, Op.SAR32_I, Op.SAR64_I, Op.SHIFT);
                default -> Op.SHIFT;
            };
        }
    }

    private static void unary(Instruction i) {
        switch (i.extension()) {
            case 0, 1 -> {
                rm(i);
                test(i);
            }
            case 2 -> {
                rm(i);
                i.op = Op.NOT;
            }
            case 3 -> {
                rm(i);
                i.op = Op.NEG;
            }
            default -> {
                if (!i.memory) {
                    source(i, i.rm, i.operandSize);
                }
                i.op = switch (i.extension()) {
                    case 4 -> Op.MUL;
                    case 5 -> Op.IMUL;
                    case 6 -> Op.DIV;
                    default -> Op.IDIV;
                };
            }
        }
    }

    private static void incrementOrDecrement(Instruction i) {
        rm(i);
        int size = i.memory ? 0 : i.operandSize;
        switch (i.extension()) {
            case 0 -> i.op = pick(size, Op.INC32_R, Op.INC64_R, Op.INC);
            case 1 -> i.op = pick(size, Op.DEC32_R, Op.DEC64_R, Op.DEC);
            default -> {}
        }
    }

    private static void groupFive(Instruction i, int codeSize) {
        int extension = i.extension();
        if (extension < 2) {
            incrementOrDecrement(i);
            return;
        }
        if (codeSize == 8 && (extension == 2 || extension == 4)) {
            i.operandSize = 8;
        }
        if (codeSize == 8 && extension == 6 && i.operandSize == 4) {
            i.operandSize = 8;
        }
        if (!i.memory) {
            source(i, i.rm, i.operandSize);
        }
        switch (extension) {
            case 2 -> i.op = Op.CALL_INDIRECT;
            case 4 -> i.op = Op.JMP_INDIRECT;
            case 3, 5 -> i.op = i.memory ? Op.SYSTEM : Op.INVALID;
            case 6 -> {
                if (i.memory) {
                    i.op = Op.PUSH;
                } else {
                    push(i, codeSize);
                }
            }
            default -> {}
        }
    }

    private static void twoByte(Instruction i, int codeSize) {
        int opcode = i.opcode;
        int size = i.operandSize;
        switch (opcode) {
            case 0x0D, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F -> {
                if (opcode != 0x0D || i.memory) {
                    i.op = Op.NOP;
                }
            }
            case 0xA0, 0xA8 -> pushSegment(i, opcode == 0xA0 ? Cpu.FS : Cpu.GS);
            case 0xA3 -> bit(i, BitUnit.TEST);
            case 0xAB -> bit(i, BitUnit.SET);
            case 0xB3 -> bit(i, BitUnit.RESET);
            case 0xBB -> bit(i, BitUnit.COMPLEMENT);
            case 0xBA -> {
                if (i.extension() >= 4) {
                    rm(i);
                    i.operation = i.extension() - 4;
                    i.op = Op.BIT_TEST;
                }
            }
            case 0xA4, 0xA5, 0xAC, 0xAD -> {
                toRm(i, size);
                i.operation = opcode >= 0xAC ? Shifts.SHR : Shifts.SHL;
                i.op = Op.SHIFT_DOUBLE;
            }
            case 0xAE -> groupFifteen(i, codeSize);
            case 0xAF -> {
                toReg(i, size);
                i.op = Op.IMUL_REGISTER;
            }
            case 0xB0, 0xB1 -> {
                toRm(i, size);
                i.op = Op.CMPXCHG;
            }
            case 0xB6, 0xB7 -> zeroExtend(i, opcode == 0xB6 ? 1 : 2);
            case 0xBE, 0xBF -> {
                int narrow = opcode == 0xBE ? 1 : 2;
                toReg(i, 2);
                if (!i.memory) {
                    source(i, i.rm, narrow);
                }
                i.operation = narrow;
                i.op = Op.MOVSX;
            }
            case 0xB8 -> {
                if (i.repeat == 0xF3) {
                    toReg(i, size);
                    i.op = Op.POPCNT;
                }
            }
            case 0xBC, 0xBD -> {
                toReg(i, size);
                boolean count = i.repeat == 0xF3;
                i.op = opcode == 0xBC ? (count ? Op.TZCNT : Op.BSF) : (count ? Op.LZCNT : Op.BSR);
            }
            case 0xC0, 0xC1 -> {
                toRm(i, size);
                i.op = Op.XADD;
            }
            case 0xC7 -> {
                if (i.memory && i.extension() == 1) {
                    i.op = Op.CMPXCHG_PAIR;
                } else if (!i.memory && i.extension() >= 6 && i.repeat == 0) {
                    rm(i);
                    i.op = Op.RANDOM;
                }
            }
            case 0xC8, 0xC9, 0xCA, 0xCB, 0xCC, 0xCD, 0xCE, 0xCF -> {
                destination(i, i.reg, size);
                i.op = Op.BSWAP;
            }
            default -> conditional(i, codeSize);
        }
    }

    private static void conditional(Instruction i, int codeSize) {
        int condition = i.opcode & 15;
        i.operation = condition;
        switch (i.opcode & 0xF0) {
            case 0x40 -> {
                toReg(i, i.operandSize);
                i.op = i.memory ? Op.CMOV_L : pick(i.operandSize, Op.CMOV32_R, Op.CMOV64_R, Op.CMOV);
                if (i.memory && i.operandSize == 2) {
                    i.op = Op.CMOV;
                }
            }
            case 0x80 -> branch(i, Op.JO + condition, codeSize);
            case 0x90 -> {
                rm(i);
                i.op = i.memory ? Op.SETCC_M : Op.SETCC_R;
            }
            default -> {}
        }
    }

    private static void bit(Instruction i, int operation) {
        toRm(i, i.operandSize);
        i.operation = operation;
        i.op = Op.BIT_TEST;
    }

    private static void zeroExtend(Instruction i, int narrow) {
        toReg(i, 2);
        if (!i.memory) {
            source(i, i.rm, narrow);
        }
        i.operation = narrow;
        if (i.operandSize == 2) {
            i.op = Op.MOVZX;
        } else if (i.memory) {
            i.op = narrow == 1 ? Op.MOVZX8_L : Op.MOVZX16_L;
        } else {
            i.op = narrow == 1 ? Op.MOVZX8_R : Op.MOVZX16_R;
        }
    }

    /**
     * Group 15: FXSAVE, XSAVE and their relatives are SIMD, and MFENCE. LFENCE, SFENCE and CLFLUSH do nothing here: every
     * read acquires, every write releases.
     */
    private static void groupFifteen(Instruction i, int codeSize) {
        if (!i.memory && i.repeat == 0xF3 && i.extension() < 4 && codeSize == 8) {
            rm(i);
            i.operation = i.extension();
            i.op = Op.SEGMENT_BASE;
        } else if (i.memory) {
            if (i.extension() < 6 && (i.extension() < 4 || i.repeat == 0 && !i.operandSizePrefix)) {
                i.op = Op.SIMD;
            } else if (i.extension() == 7) {
                i.op = Op.NOP;
            }
        } else if (i.repeat == 0 && i.extension() >= 5) {
            i.op = i.extension() == 6 ? Op.SIMD : Op.NOP;
        }
    }
}
