// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Objects;

/**
 * Generates the bytecode of one integer instruction of 64-bit mode. What the instruction changes is stored after the last
 * thing that can fault, so that the registers and flags are always those from before or after an instruction. What has no
 * bytecode here is left to the interpreter's units: {@link #callOut}.
 */
final class InstructionWriter {
    private static final MethodTypeDesc CALL_OUT = MethodTypeDesc.of(
            ConstantDescs.CD_void, RegionFrame.INT, RegionFrame.LONG, RegionFrame.MMU, RegionFrame.INT);

    private final RegionFrame frame;
    private final CodeBuilder c;
    private final ConditionWriter conditions;
    private final MoveWriter moves;
    private final ArithmeticWriter arithmetic;
    private final ShiftWriter shifts;
    private final BitWriter bits;
    private final ExchangeWriter exchanges;
    private final SimdWriter simd;
    private final AvxWriter avx;

    InstructionWriter(RegionFrame frame) {
        this.frame = frame;
        this.c = frame.c;
        this.conditions = new ConditionWriter(frame);
        this.moves = new MoveWriter(frame, conditions);
        this.arithmetic = new ArithmeticWriter(frame);
        this.shifts = new ShiftWriter(frame);
        this.bits = new BitWriter(frame);
        this.exchanges = new ExchangeWriter(frame, arithmetic, shifts);
        this.simd = new SimdWriter(frame);
        this.avx = new AvxWriter(frame, simd);
    }

    ConditionWriter conditions() {
        return conditions;
    }

    /** Generates one instruction that does not transfer control; {@code flags} says whether its flags are needed. */
    void write(Instruction i, boolean flags) {
        int op = i.op;
        if (op >= Op.ADD32_R && op <= Op.CMP32_R) {
            arithmetic.alu(i, op - Op.ADD32_R, 4, flags);
        } else if (op >= Op.ADD64_R && op <= Op.CMP64_R) {
            arithmetic.alu(i, op - Op.ADD64_R, 8, flags);
        } else if (op >= Op.ADD32_L && op <= Op.CMP32_L) {
            arithmetic.alu(i, op - Op.ADD32_L, 4, flags);
        } else if (op >= Op.ADD64_L && op <= Op.CMP64_L) {
            arithmetic.alu(i, op - Op.ADD64_L, 8, flags);
        } else if (op >= Op.ADD32_M && op <= Op.CMP32_M) {
            arithmetic.aluMemory(i, op - Op.ADD32_M, 4, flags);
        } else if (op >= Op.ADD64_M && op <= Op.CMP64_M) {
            arithmetic.aluMemory(i, op - Op.ADD64_M, 8, flags);
        } else if (op >= Op.MOV32_R && op <= Op.LEA64 || op >= Op.MOV_R && op <= Op.MOVSX || op == Op.LEA) {
            moves.move(i);
        } else {
            other(i, flags);
        }
    }

    private void shift(Instruction i, boolean flags) {
        boolean rotate = i.operation < Shifts.RCL && i.source == Cpu.ZERO && i.operandSize >= 4 && !i.memory;
        if (rotate) {
            shifts.rotateImmediate(i, i.operandSize, flags);
        } else {
            shifts.shift(i, i.operandSize, flags);
        }
    }

    private void other(Instruction i, boolean flags) {
        if (!isNative(i)) {
            callOut(i);
            return;
        }
        int size = i.operandSize;
        switch (i.op) {
            case Op.NOP -> {}
            case Op.TEST32_R -> arithmetic.test(i, 4);
            case Op.TEST64_R -> arithmetic.test(i, 8);
            case Op.TEST8_R -> arithmetic.test(i, 1);
            case Op.TEST_R -> arithmetic.test(i, size);
            case Op.TEST32_M -> arithmetic.testMemory(i, 4);
            case Op.TEST64_M -> arithmetic.testMemory(i, 8);
            case Op.TEST8_M -> arithmetic.testMemory(i, 1);
            case Op.TEST_M -> arithmetic.testMemory(i, size);
            case Op.CMP8_R, Op.CMP8_L -> arithmetic.alu(i, Arithmetic.CMP, 1, flags);
            case Op.CMP8_M -> arithmetic.aluMemory(i, Arithmetic.CMP, 1, flags);
            case Op.ALU_R, Op.ALU_L -> arithmetic.alu(i, i.operation, size, flags);
            case Op.ALU_M -> arithmetic.aluMemory(i, i.operation, size, flags);
            case Op.INC32_R -> arithmetic.increment(i, 4, 1, flags);
            case Op.INC64_R -> arithmetic.increment(i, 8, 1, flags);
            case Op.DEC32_R -> arithmetic.increment(i, 4, -1, flags);
            case Op.DEC64_R -> arithmetic.increment(i, 8, -1, flags);
            case Op.INC -> arithmetic.increment(i, size, 1, flags);
            case Op.DEC -> arithmetic.increment(i, size, -1, flags);
            case Op.NEG -> arithmetic.negate(i, size, flags);
            case Op.NOT -> arithmetic.not(i, size);
            case Op.SHL32_I, Op.SHR32_I, Op.SAR32_I -> shifts.shiftImmediate(i, 4, flags);
            case Op.SHL64_I, Op.SHR64_I, Op.SAR64_I -> shifts.shiftImmediate(i, 8, flags);
            case Op.SHIFT -> shift(i, flags);
            case Op.IMUL_REGISTER, Op.IMUL_IMMEDIATE -> arithmetic.multiplyTruncated(i, size, flags);
            case Op.MUL, Op.IMUL -> arithmetic.multiplyWide(i, size, flags);
            case Op.DIV, Op.IDIV -> arithmetic.divide(i, size);
            case Op.SHIFT_DOUBLE -> shifts.shiftDouble(i, size, flags);
            case Op.BIT_TEST -> shifts.bitTest(i, size, flags);
            case Op.CLC, Op.STC, Op.CMC -> shifts.carry(i.op);
            case Op.CLD, Op.STD -> moves.setDirection(i.op == Op.STD);
            case Op.BSF, Op.BSR -> bits.scan(i, size, flags);
            case Op.POPCNT, Op.TZCNT, Op.LZCNT -> bits.count(i, size, flags);
            case Op.MOVBE_L -> bits.loadSwapped(i, size);
            case Op.MOVBE_M -> bits.storeSwapped(i, size);
            case Op.CRC32 -> bits.checksum(i);
            case Op.LOCKED -> exchanges.locked(i, size, flags);
            case Op.XADD -> exchanges.exchangeAdd(i, size, false, flags);
            case Op.CMPXCHG -> exchanges.compareExchange(i, size, false, flags);
            case Op.CMPXCHG_PAIR -> exchanges.compareExchangePair(i, false);
            case Op.PUSH64, Op.PUSH -> moves.push(i);
            case Op.POP64 -> moves.pop(i);
            case Op.LEAVE -> moves.leaveFrame(i);
            case Op.CMOV32_R, Op.CMOV64_R, Op.CMOV_L, Op.CMOV -> moves.conditionalMove(i, size);
            case Op.SETCC_R, Op.SETCC_M -> moves.setOnCondition(i);
            case Op.CONVERT -> moves.convert(size);
            case Op.CONVERT_PAIR -> moves.convertPair(size);
            case Op.XCHG_R -> moves.exchange(i, size);
            case Op.BSWAP -> moves.byteSwap(i, size);
            case Op.SIMD -> simd.write(i, Objects.requireNonNull(SimdForms.of(i)));
            case Op.AVX -> avx.write(i);
            default -> bits.manipulate(i, size, flags);
        }
    }

    /** Can the instruction leave the region, so that registers and flags must be right before it? */
    static boolean mayStop(Instruction i) {
        return switch (i.op) {
            case Op.NOP, Op.LEA, Op.LEA32, Op.LEA64 -> false;
            case Op.PUSH64, Op.POP64, Op.PUSH, Op.LEAVE, Op.DIV, Op.IDIV, Op.AVX -> true;
            case Op.SIMD -> {
                SimdForms.Form form = SimdForms.of(i);
                yield form == null || i.memory || form.mayRetreat();
            }
            default -> i.memory || !isNative(i);
        };
    }

    /** Does the instruction give every arithmetic flag a value that does not depend on the old ones? */
    static boolean definesFlags(Instruction i) {
        int op = i.op;
        boolean alu32 = op >= Op.ADD32_R && op <= Op.TEST64_R || op >= Op.ADD32_L && op <= Op.TEST64_M;
        if (alu32) {
            return switch (op) {
                case Op.ADC32_R, Op.SBB32_R, Op.ADC64_R, Op.SBB64_R -> false;
                case Op.ADC32_L, Op.SBB32_L, Op.ADC64_L, Op.SBB64_L -> false;
                case Op.ADC32_M, Op.SBB32_M, Op.ADC64_M, Op.SBB64_M -> false;
                default -> true;
            };
        }
        return switch (op) {
            case Op.CMP8_R, Op.TEST8_R, Op.CMP8_L, Op.CMP8_M, Op.TEST8_M, Op.TEST_R, Op.TEST_M -> true;
            case Op.SHL32_I, Op.SHL64_I, Op.SHR32_I, Op.SHR64_I, Op.SAR32_I, Op.SAR64_I -> true;
            case Op.NEG, Op.IMUL_REGISTER, Op.IMUL_IMMEDIATE, Op.MUL, Op.IMUL, Op.BSF, Op.BSR -> true;
            case Op.POPCNT, Op.TZCNT, Op.LZCNT, Op.XADD, Op.CMPXCHG -> true;
            case Op.ANDN, Op.BEXTR, Op.BLSR, Op.BLSMSK, Op.BLSI, Op.BZHI -> true;
            case Op.LOCKED ->
                switch (ExchangeWriter.plain(i)) {
                    case Op.NEG, Op.XADD, Op.CMPXCHG -> true;
                    case Op.ALU_M -> i.operation != Arithmetic.ADC && i.operation != Arithmetic.SBB;
                    default -> false;
                };
            case Op.SIMD -> {
                SimdForms.Form form = SimdForms.of(i);
                yield form != null && form.setsFlags();
            }
            case Op.AVX -> {
                SimdForms.Form form = AvxForms.isNative(i) ? AvxForms.lane(i) : null;
                yield i.operation == AvxSelector.TEST && i.opcode == 0x17 || form != null && form.setsFlags();
            }
            case Op.ALU_R, Op.ALU_L, Op.ALU_M -> i.operation != Arithmetic.ADC && i.operation != Arithmetic.SBB;
            default -> false;
        };
    }

    /** Does the instruction need the flags from before it, other than to leave them as they are? */
    static boolean readsFlags(Instruction i) {
        int op = i.op;
        boolean leavesFlags =
                op >= Op.MOV32_R && op <= Op.LEA64 || op >= Op.MOV_R && op <= Op.MOVSX || op == Op.LEA || op == Op.NOT;
        return !leavesFlags && !definesFlags(i) && RegisterUse.of(i).readsFlags;
    }

    /** Has the instruction, which does not transfer control, bytecode of its own? */
    static boolean isNative(Instruction i) {
        int op = i.op;
        return switch (op) {
            case Op.SHIFT ->
                i.source != Cpu.ZERO
                        ? i.operation != Shifts.RCL && i.operation != Shifts.RCR
                        : i.immediate != 0
                                && (i.operation < Shifts.RCL
                                        || i.operation >= Shifts.SHL
                                        || i.immediate < 8L * i.operandSize);
            case Op.SHIFT_DOUBLE ->
                i.operandSize >= 4 && ((i.opcode & 1) != 0 || (i.immediate & (i.operandSize == 8 ? 63 : 31)) != 0);
            case Op.DIV, Op.IDIV -> i.operandSize >= 4;
            case Op.PUSH, Op.LEAVE -> i.operandSize == 8;
            case Op.LOCKED -> ExchangeWriter.isNative(i);
            case Op.CMPXCHG_PAIR -> !i.rexW;
            case Op.LAHF, Op.SAHF, Op.STRING -> false;
            case Op.SIMD -> SimdForms.of(i) != null;
            case Op.AVX -> AvxForms.isNative(i);
            default ->
                op >= Op.ADD32_R && op <= Op.POP64
                        || op >= Op.CMOV32_R && op <= Op.NOP
                        || op >= Op.ALU_R && op <= Op.STD
                        || op >= Op.POPCNT && op <= Op.SHRX;
        };
    }

    /** Has the interpreter's units execute the instruction on the vCPU's registers. */
    void callOut(Instruction i) {
        RegisterUse use = RegisterUse.of(i);
        int number = frame.site(i);
        if (use.readsFlags || use.writesFlags) {
            frame.storeFlags();
        }
        c.aload(RegionFrame.THIS);
        c.loadConstant(number);
        c.lload(RegionFrame.BASE);
        c.aload(RegionFrame.MMU_SLOT);
        c.iload(RegionFrame.EXECUTED);
        c.invokevirtual(RegionFrame.REGION, "callOut", CALL_OUT);
        frame.registers.changedElsewhere(use.writes);
        if (use.writesFlags) {
            frame.loadFlags();
        }
    }
}
