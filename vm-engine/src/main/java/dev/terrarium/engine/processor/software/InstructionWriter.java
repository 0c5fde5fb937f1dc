// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/**
 * Generates the bytecode of one integer instruction of 64-bit mode. What the instruction changes is stored after the last
 * thing that can fault, so that the registers and flags are always those from before or after an instruction. What has no
 * bytecode here is left to the interpreter's units: {@link #callOut}.
 */
final class InstructionWriter {
    private static final ClassDesc MATH = RegionFrame.type(Math.class);
    private static final ClassDesc LONG_CLASS = RegionFrame.type(Long.class);
    private static final ClassDesc INTEGER_CLASS = RegionFrame.type(Integer.class);
    private static final MethodTypeDesc LONG_LONGS =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG);
    private static final MethodTypeDesc LONG_LONG_INT =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.INT);
    private static final MethodTypeDesc INT_INT_INT =
            MethodTypeDesc.of(RegionFrame.INT, RegionFrame.INT, RegionFrame.INT);
    private static final MethodTypeDesc CALL_OUT = MethodTypeDesc.of(
            ConstantDescs.CD_void, RegionFrame.INT, RegionFrame.LONG, RegionFrame.MMU, RegionFrame.INT);
    private static final int A = RegionFrame.FLAG_A;
    private static final int B = RegionFrame.FLAG_B;
    private static final int R = RegionFrame.FLAG_R;
    private static final int ADDRESS = RegionFrame.TEMPORARY;
    private static final int VALUE = RegionFrame.TEMPORARY_2;
    private static final int EXTRA = RegionFrame.TEMPORARY_3;

    private final RegionFrame frame;
    private final CodeBuilder c;
    private final ConditionWriter conditions;
    private final SimdWriter simd;

    InstructionWriter(RegionFrame frame) {
        this.frame = frame;
        this.c = frame.c;
        this.conditions = new ConditionWriter(frame);
        this.simd = new SimdWriter(frame);
    }

    ConditionWriter conditions() {
        return conditions;
    }

    /** Generates one instruction that does not transfer control; {@code flags} says whether its flags are needed. */
    void write(Instruction i, boolean flags) {
        int op = i.op;
        if (op >= Op.ADD32_R && op <= Op.CMP32_R) {
            alu(i, op - Op.ADD32_R, 4, flags);
        } else if (op >= Op.ADD64_R && op <= Op.CMP64_R) {
            alu(i, op - Op.ADD64_R, 8, flags);
        } else if (op >= Op.ADD32_L && op <= Op.CMP32_L) {
            alu(i, op - Op.ADD32_L, 4, flags);
        } else if (op >= Op.ADD64_L && op <= Op.CMP64_L) {
            alu(i, op - Op.ADD64_L, 8, flags);
        } else if (op >= Op.ADD32_M && op <= Op.CMP32_M) {
            aluMemory(i, op - Op.ADD32_M, 4, flags);
        } else if (op >= Op.ADD64_M && op <= Op.CMP64_M) {
            aluMemory(i, op - Op.ADD64_M, 8, flags);
        } else if (op >= Op.MOV32_R && op <= Op.LEA64 || op >= Op.MOV_R && op <= Op.MOVSX || op == Op.LEA) {
            move(i);
        } else {
            other(i, flags);
        }
    }

    private void other(Instruction i, boolean flags) {
        int size = i.operandSize;
        switch (i.op) {
            case Op.NOP -> {}
            case Op.TEST32_R -> test(i, 4);
            case Op.TEST64_R -> test(i, 8);
            case Op.TEST8_R -> test(i, 1);
            case Op.TEST_R -> test(i, size);
            case Op.TEST32_M -> testMemory(i, 4);
            case Op.TEST64_M -> testMemory(i, 8);
            case Op.TEST8_M -> testMemory(i, 1);
            case Op.TEST_M -> testMemory(i, size);
            case Op.CMP8_R, Op.CMP8_L -> alu(i, Arithmetic.CMP, 1, flags);
            case Op.CMP8_M -> aluMemory(i, Arithmetic.CMP, 1, flags);
            case Op.ALU_R, Op.ALU_L -> alu(i, i.operation, size, flags);
            case Op.ALU_M -> aluMemory(i, i.operation, size, flags);
            case Op.INC32_R -> increment(i, 4, 1, flags);
            case Op.INC64_R -> increment(i, 8, 1, flags);
            case Op.DEC32_R -> increment(i, 4, -1, flags);
            case Op.DEC64_R -> increment(i, 8, -1, flags);
            case Op.INC -> increment(i, size, 1, flags);
            case Op.DEC -> increment(i, size, -1, flags);
            case Op.NEG -> negate(i, size, flags);
            case Op.NOT -> not(i, size);
            case Op.SHL32_I, Op.SHR32_I, Op.SAR32_I -> shiftImmediate(i, 4, flags);
            case Op.SHL64_I, Op.SHR64_I, Op.SAR64_I -> shiftImmediate(i, 8, flags);
            case Op.SHIFT -> shift(i, flags);
            case Op.IMUL_REGISTER, Op.IMUL_IMMEDIATE -> multiplyTruncated(i, size, flags);
            case Op.MUL -> multiplyWide(i, flags);
            case Op.BIT_TEST -> bitTest(i, flags);
            case Op.PUSH64 -> push(i);
            case Op.POP64 -> pop(i);
            case Op.LEAVE -> leaveFrame(i);
            case Op.CMOV32_R, Op.CMOV64_R, Op.CMOV_L, Op.CMOV -> conditionalMove(i, size);
            case Op.SETCC_R -> {
                conditions.push(i.operation);
                c.i2l();
                frame.setDestination(i, 1);
            }
            case Op.CONVERT -> convert(size);
            case Op.CONVERT_PAIR -> convertPair(size);
            case Op.XCHG_R -> exchange(i, size);
            case Op.BSWAP -> byteSwap(i, size);
            case Op.SIMD -> {
                SimdForms.Form form = SimdForms.of(i);
                if (form != null) {
                    simd.write(i, form);
                } else {
                    callOut(i);
                }
            }
            default -> callOut(i);
        }
    }

    /** Can the instruction leave the region, so that registers and flags must be right before it? */
    static boolean mayStop(Instruction i) {
        return switch (i.op) {
            case Op.NOP, Op.LEA, Op.LEA32, Op.LEA64, Op.CONVERT, Op.CONVERT_PAIR, Op.XCHG_R, Op.BSWAP -> false;
            case Op.PUSH64, Op.POP64, Op.LEAVE -> true;
            case Op.SHIFT, Op.BIT_TEST, Op.MUL -> i.memory || !isNative(i);
            case Op.INC, Op.DEC, Op.NEG, Op.NOT, Op.CMOV, Op.IMUL_REGISTER, Op.IMUL_IMMEDIATE -> i.memory;
            case Op.MOV_R, Op.MOVZX, Op.MOVSX, Op.ALU_R, Op.TEST_R -> i.memory;
            case Op.SIMD -> {
                SimdForms.Form form = SimdForms.of(i);
                yield form == null || i.memory || form.mayFault();
            }
            default -> i.op < Op.ADD32_R || i.op > Op.SETCC_R || i.memory;
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
            case Op.NEG, Op.IMUL_REGISTER, Op.IMUL_IMMEDIATE -> true;
            case Op.MUL -> isNative(i);
            case Op.SIMD -> {
                SimdForms.Form form = SimdForms.of(i);
                yield form != null && form.setsFlags();
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

    private static boolean isNative(Instruction i) {
        return switch (i.op) {
            case Op.SHIFT ->
                i.operandSize >= 4
                        && !i.memory
                        && i.operation != Shifts.RCL
                        && i.operation != Shifts.RCR
                        && (i.source != Cpu.ZERO
                                ? i.operation >= Shifts.SHL
                                : i.immediate != 0 && i.operation < Shifts.SHL);
            case Op.BIT_TEST -> !i.memory && i.operandSize >= 4;
            case Op.MUL -> i.operandSize >= 4;
            default -> true;
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
        frame.loadRegisters(use.writes);
        if (use.writesFlags) {
            frame.loadFlags();
        }
    }

    private void combine(int operation) {
        switch (operation) {
            case Arithmetic.AND -> c.land();
            case Arithmetic.OR -> c.lor();
            case Arithmetic.XOR -> c.lxor();
            case Arithmetic.ADD, Arithmetic.ADC -> c.ladd();
            default -> c.lsub();
        }
    }

    private static boolean isLogic(int operation) {
        return operation == Arithmetic.AND || operation == Arithmetic.OR || operation == Arithmetic.XOR;
    }

    private static int family(int operation) {
        return switch (operation) {
            case Arithmetic.ADD -> FlagKind.ADD;
            case Arithmetic.ADC -> FlagKind.ADC;
            case Arithmetic.SBB -> FlagKind.SBB;
            case Arithmetic.SUB, Arithmetic.CMP -> FlagKind.SUB;
            default -> FlagKind.LOGIC;
        };
    }

    /** Destination a register, source a register, an immediate or memory. */
    private void alu(Instruction i, int operation, int size, boolean flags) {
        boolean withCarry = operation == Arithmetic.ADC || operation == Arithmetic.SBB;
        if (withCarry) {
            frame.carry();
            c.lstore(EXTRA);
        }
        if (i.memory) {
            frame.readOperand(i, size);
            c.lstore(VALUE);
        }
        if (isLogic(operation) || !flags && operation != Arithmetic.CMP) {
            frame.destination(i);
            pushSource(i);
            combine(operation);
            if (withCarry) {
                c.lload(EXTRA);
                combine(operation);
            }
            if (flags) {
                c.dup2();
                c.lstore(R);
            }
            frame.setDestination(i, size);
        } else if (operation != Arithmetic.CMP || flags) {
            frame.destination(i);
            c.lstore(A);
            pushSource(i);
            c.lstore(B);
            if (operation != Arithmetic.CMP) {
                c.lload(A);
                c.lload(B);
                combine(operation);
                if (withCarry) {
                    c.lload(EXTRA);
                    combine(operation);
                    c.dup2();
                    c.lstore(R);
                }
                frame.setDestination(i, size);
            }
        }
        if (flags) {
            frame.flags(FlagKind.of(family(operation), size));
        }
    }

    private void pushSource(Instruction i) {
        if (i.memory) {
            c.lload(VALUE);
        } else {
            frame.source(i);
        }
    }

    /** Memory first, then a register or an immediate. */
    private void aluMemory(Instruction i, int operation, int size, boolean flags) {
        if (operation == Arithmetic.CMP) {
            frame.readOperand(i, size);
            c.lstore(A);
            frame.source(i);
            c.lstore(B);
            frame.flags(FlagKind.of(FlagKind.SUB, size));
            return;
        }
        boolean withCarry = operation == Arithmetic.ADC || operation == Arithmetic.SBB;
        if (withCarry) {
            frame.carry();
            c.lstore(EXTRA);
        }
        readToModify(i, size);
        c.lload(VALUE);
        frame.source(i);
        combine(operation);
        if (withCarry) {
            c.lload(EXTRA);
            combine(operation);
        }
        c.lstore(EXTRA);
        writeModified(i, size);
        if (flags) {
            if (!isLogic(operation)) {
                c.lload(VALUE);
                c.lstore(A);
                frame.source(i);
                c.lstore(B);
            }
            c.lload(EXTRA);
            c.lstore(R);
            frame.flags(FlagKind.of(family(operation), size));
        }
    }

    /** Reads the memory operand to VALUE after making sure that it can be written. */
    private void readToModify(Instruction i, int size) {
        frame.address(i);
        c.lstore(ADDRESS);
        c.lload(ADDRESS);
        frame.checkWrite(i, size);
        c.lload(ADDRESS);
        frame.read(i, size);
        c.lstore(VALUE);
    }

    /** Writes EXTRA to the operand of {@link #readToModify}. */
    private void writeModified(Instruction i, int size) {
        c.lload(ADDRESS);
        c.lload(EXTRA);
        frame.write(i, size);
    }

    private void test(Instruction i, int size) {
        frame.destination(i);
        frame.source(i);
        c.land();
        c.lstore(R);
        frame.flags(FlagKind.of(FlagKind.LOGIC, size));
    }

    private void testMemory(Instruction i, int size) {
        frame.readOperand(i, size);
        frame.source(i);
        c.land();
        c.lstore(R);
        frame.flags(FlagKind.of(FlagKind.LOGIC, size));
    }

    private void increment(Instruction i, int size, int by, boolean flags) {
        if (i.memory) {
            readToModify(i, size);
            c.lload(VALUE);
            frame.add(by);
            c.lstore(EXTRA);
            writeModified(i, size);
            if (flags) {
                frame.carry();
                c.lstore(A);
                c.lload(EXTRA);
                c.lstore(R);
            }
        } else {
            if (flags) {
                frame.carry();
                c.lstore(A);
            }
            frame.destination(i);
            frame.add(by);
            if (flags) {
                c.dup2();
                c.lstore(R);
            }
            frame.setDestination(i, size);
        }
        if (flags) {
            frame.flags(FlagKind.of(by > 0 ? FlagKind.INC : FlagKind.DEC, size));
        }
    }

    private void negate(Instruction i, int size, boolean flags) {
        if (i.memory) {
            readToModify(i, size);
            c.lload(VALUE);
            c.lneg();
            c.lstore(EXTRA);
            writeModified(i, size);
        } else {
            frame.destination(i);
            c.lstore(VALUE);
            c.lload(VALUE);
            c.lneg();
            frame.setDestination(i, size);
        }
        if (flags) {
            c.lconst_0();
            c.lstore(A);
            c.lload(VALUE);
            c.lstore(B);
            frame.flags(FlagKind.of(FlagKind.SUB, size));
        }
    }

    private void not(Instruction i, int size) {
        if (i.memory) {
            readToModify(i, size);
            c.lload(VALUE);
            c.loadConstant(-1L);
            c.lxor();
            c.lstore(EXTRA);
            writeModified(i, size);
        } else {
            frame.destination(i);
            c.loadConstant(-1L);
            c.lxor();
            frame.setDestination(i, size);
        }
    }

    /** Sign-extends the low {@code size} bytes of the long on the stack. */
    private void signExtend(int size) {
        switch (size) {
            case 1 -> c.l2i().i2b().i2l();
            case 2 -> c.l2i().i2s().i2l();
            case 4 -> c.l2i().i2l();
            default -> {}
        }
    }

    private void move(Instruction i) {
        switch (i.op) {
            case Op.MOV32_R -> registerMove(i, 4);
            case Op.MOV64_R -> registerMove(i, 8);
            case Op.MOV8_R -> registerMove(i, 1);
            case Op.MOV_R -> registerMove(i, i.operandSize);
            case Op.MOV8_L -> load(i, 1, 1, false);
            case Op.MOV32_L -> load(i, 4, 8, false);
            case Op.MOV64_L -> load(i, 8, 8, false);
            case Op.MOV_L -> {
                if (i.memory) {
                    load(i, i.operandSize, i.operandSize, false);
                } else {
                    registerMove(i, i.operandSize);
                }
            }
            case Op.MOV8_M -> store(i, 1);
            case Op.MOV16_M -> store(i, 2);
            case Op.MOV32_M -> store(i, 4);
            case Op.MOV64_M -> store(i, 8);
            case Op.MOVZX8_L -> load(i, 1, 8, false);
            case Op.MOVZX16_L -> load(i, 2, 8, false);
            case Op.MOVZX8_R -> extendRegister(i, 1, 8, false);
            case Op.MOVZX16_R -> extendRegister(i, 2, 8, false);
            case Op.MOVZX -> extend(i, i.operation, i.operandSize, false);
            case Op.MOVSX -> extend(i, i.operation, i.operandSize, true);
            case Op.MOVSXD_L -> load(i, 4, 8, true);
            case Op.MOVSXD_R -> extendRegister(i, 4, 8, true);
            case Op.LEA32 -> address(i, 4);
            case Op.LEA64 -> address(i, 8);
            case Op.LEA -> address(i, i.operandSize);
            default -> callOut(i);
        }
    }

    private void address(Instruction i, int size) {
        frame.effectiveAddress(i);
        frame.setDestination(i, size);
    }

    private void registerMove(Instruction i, int size) {
        frame.source(i);
        frame.setDestination(i, size);
    }

    private void load(Instruction i, int size, int to, boolean signed) {
        frame.readOperand(i, size);
        if (signed) {
            signExtend(size);
        }
        frame.setDestination(i, to);
    }

    private void extend(Instruction i, int size, int to, boolean signed) {
        if (i.memory) {
            load(i, size, to, signed);
        } else {
            extendRegister(i, size, to, signed);
        }
    }

    private void extendRegister(Instruction i, int size, int to, boolean signed) {
        frame.source(i);
        if (signed) {
            signExtend(size);
        } else {
            frame.mask(size == 1 ? 0xFF : 0xFFFF);
        }
        frame.setDestination(i, to);
    }

    private void store(Instruction i, int size) {
        frame.address(i);
        frame.source(i);
        frame.write(i, size);
    }

    private void shiftImmediate(Instruction i, int size, boolean flags) {
        int count = (int) i.immediate;
        int operation = i.operation;
        frame.destination(i);
        if (flags) {
            c.dup2();
            c.lstore(A);
            c.loadConstant((long) count);
            c.lstore(B);
        }
        extendForShift(operation, size);
        c.loadConstant(count);
        shiftBy(operation);
        finishShift(i, operation, size, flags);
    }

    private void extendForShift(int operation, int size) {
        if (size == 4 && operation == Shifts.SHR) {
            frame.mask(0xFFFF_FFFFL);
        } else if (size == 4 && operation == Shifts.SAR) {
            signExtend(4);
        }
    }

    private void shiftBy(int operation) {
        switch (operation) {
            case Shifts.SHR -> c.lushr();
            case Shifts.SAR -> c.lshr();
            default -> c.lshl();
        }
    }

    private void finishShift(Instruction i, int operation, int size, boolean flags) {
        if (flags) {
            c.dup2();
            c.lstore(R);
        }
        frame.setDestination(i, size);
        if (flags) {
            int family = operation == Shifts.SHR ? FlagKind.SHR : operation == Shifts.SAR ? FlagKind.SAR : FlagKind.SHL;
            frame.flags(FlagKind.of(family, size));
        }
    }

    private void shift(Instruction i, boolean flags) {
        if (!isNative(i)) {
            callOut(i);
        } else if (i.operation < Shifts.SHL) {
            rotateImmediate(i, i.operandSize, flags);
        } else {
            shiftByRegister(i, i.operandSize);
        }
    }

    /** SHL, SHR and SAR by CL: a count of 0 leaves the flags, but a 32-bit destination is written all the same. */
    private void shiftByRegister(Instruction i, int size) {
        frame.source(i);
        c.l2i();
        c.loadConstant(size == 8 ? 63 : 31);
        c.iand();
        c.istore(VALUE);
        frame.destination(i);
        c.lstore(EXTRA);
        c.lload(EXTRA);
        extendForShift(i.operation, size);
        c.iload(VALUE);
        shiftBy(i.operation);
        c.lstore(ADDRESS);
        Label unchanged = c.newLabel();
        c.iload(VALUE);
        c.ifeq(unchanged);
        c.lload(EXTRA);
        c.lstore(A);
        c.iload(VALUE);
        c.i2l();
        c.lstore(B);
        c.lload(ADDRESS);
        c.lstore(R);
        int family = i.operation == Shifts.SHR ? FlagKind.SHR : i.operation == Shifts.SAR ? FlagKind.SAR : FlagKind.SHL;
        frame.flags(FlagKind.of(family, size));
        c.labelBinding(unchanged);
        frame.knownKind = -1;
        c.lload(ADDRESS);
        frame.setDestination(i, size);
    }

    /** Turns the flags into their canonical form, in place. */
    private void canonicalize() {
        frame.flagFunction("result");
        frame.flagFunction("aux");
        frame.flagFunction("carries");
        c.lstore(A);
        c.lstore(B);
        c.lstore(R);
        frame.flags(FlagKind.CANONICAL);
    }

    /** ROL and ROR of a register by an immediate that is not 0; only CF and, for a count of 1, OF change. */
    private void rotateImmediate(Instruction i, int size, boolean flags) {
        int bits = 8 * size;
        int count = (int) i.immediate & (bits - 1);
        boolean left = i.operation == Shifts.ROL;
        frame.destination(i);
        if (size == 8) {
            c.loadConstant(count);
            c.invokestatic(LONG_CLASS, left ? "rotateLeft" : "rotateRight", LONG_LONG_INT);
        } else {
            c.l2i();
            c.loadConstant(count);
            c.invokestatic(INTEGER_CLASS, left ? "rotateLeft" : "rotateRight", INT_INT_INT);
            c.i2l();
        }
        if (!flags) {
            frame.setDestination(i, size);
            return;
        }
        c.lstore(VALUE);
        canonicalize();
        if (i.immediate == 1) {
            // OF after a rotation by 1: the two uppermost bits differ (ROR), or the uppermost and CF (ROL).
            bit(VALUE, left ? 0 : bits - 1);
            bit(VALUE, bits - 1);
            bit(VALUE, left ? 0 : bits - 2);
            c.lxor();
            c.invokestatic(RegionFrame.FLAGS, "carryAndOverflow", LONG_LONGS);
        } else {
            frame.pushFlags();
            bit(VALUE, left ? 0 : bits - 1);
            withCarry();
        }
        c.lstore(A);
        c.lload(VALUE);
        frame.setDestination(i, size);
    }

    private void bit(int slot, int number) {
        c.lload(slot);
        if (number != 0) {
            c.loadConstant(number);
            c.lushr();
        }
        c.lconst_1();
        c.land();
    }

    /** Pops the flags and a CF of 0 or 1, pushes the carries with it. */
    private void withCarry() {
        c.invokestatic(
                RegionFrame.FLAGS,
                "withCarry",
                MethodTypeDesc.of(
                        RegionFrame.LONG,
                        RegionFrame.INT,
                        RegionFrame.LONG,
                        RegionFrame.LONG,
                        RegionFrame.LONG,
                        RegionFrame.LONG));
    }

    /** BT, BTS, BTR, BTC of a register: only CF changes. */
    private void bitTest(Instruction i, boolean flags) {
        if (!isNative(i)) {
            callOut(i);
            return;
        }
        int size = i.operandSize;
        frame.destination(i);
        c.lstore(VALUE);
        if (i.source == Cpu.ZERO) {
            c.loadConstant((int) i.immediate & (8 * size - 1));
        } else {
            frame.load(i.source);
            c.l2i();
            c.loadConstant(8 * size - 1);
            c.iand();
        }
        c.istore(EXTRA);
        if (flags) {
            canonicalize();
            frame.pushFlags();
            c.lload(VALUE);
            c.iload(EXTRA);
            c.lushr();
            c.lconst_1();
            c.land();
            withCarry();
            c.lstore(A);
        }
        if (i.operation != BitUnit.TEST) {
            c.lload(VALUE);
            c.lconst_1();
            c.iload(EXTRA);
            c.lshl();
            switch (i.operation) {
                case BitUnit.SET -> c.lor();
                case BitUnit.RESET -> c.loadConstant(-1L).lxor().land();
                default -> c.lxor();
            }
            frame.setDestination(i, size);
        }
    }

    private void multiplyTruncated(Instruction i, int size, boolean flags) {
        if (i.memory) {
            frame.readOperand(i, size);
        } else {
            frame.load(i.source);
        }
        signExtend(size);
        c.lstore(VALUE);
        if (i.op == Op.IMUL_IMMEDIATE) {
            c.loadConstant(i.immediate);
        } else {
            frame.load(i.destination);
            signExtend(size);
        }
        if (!flags) {
            c.lload(VALUE);
            c.lmul();
            frame.set(i.destination, 0, size);
            return;
        }
        c.lstore(A);
        c.lload(VALUE);
        c.lstore(B);
        c.lload(A);
        c.lload(B);
        c.lmul();
        c.dup2();
        c.lstore(R);
        frame.set(i.destination, 0, size);
        frame.flags(FlagKind.of(FlagKind.IMUL, size));
    }

    /** MUL of 32 and 64 bits. */
    private void multiplyWide(Instruction i, boolean flags) {
        if (!isNative(i)) {
            callOut(i);
            return;
        }
        int size = i.operandSize;
        if (i.memory) {
            frame.readOperand(i, size);
        } else {
            frame.load(i.source);
        }
        if (size == 4) {
            frame.mask(0xFFFF_FFFFL);
        }
        c.lstore(VALUE);
        frame.load(Cpu.RAX);
        if (size == 4) {
            frame.mask(0xFFFF_FFFFL);
        }
        c.lstore(EXTRA);
        c.lload(EXTRA);
        c.lload(VALUE);
        c.lmul();
        c.lstore(ADDRESS);
        if (size == 8) {
            c.lload(EXTRA);
            c.lload(VALUE);
            c.invokestatic(MATH, "unsignedMultiplyHigh", LONG_LONGS);
        } else {
            c.lload(ADDRESS);
            c.loadConstant(32);
            c.lushr();
        }
        if (flags) {
            c.dup2();
            c.lstore(A);
            c.lload(ADDRESS);
            c.lstore(R);
            frame.flags(FlagKind.of(FlagKind.WIDE, size));
        }
        frame.store(Cpu.RDX);
        c.lload(ADDRESS);
        frame.set(Cpu.RAX, 0, size);
    }

    private void push(Instruction i) {
        frame.load(Cpu.RSP);
        frame.add(-8);
        frame.source(i);
        frame.write(i, 8);
        frame.load(Cpu.RSP);
        frame.add(-8);
        frame.store(Cpu.RSP);
    }

    private void pop(Instruction i) {
        frame.load(Cpu.RSP);
        frame.read(i, 8);
        frame.load(Cpu.RSP);
        frame.add(8);
        frame.store(Cpu.RSP);
        frame.store(i.destination);
    }

    private void leaveFrame(Instruction i) {
        if (i.operandSize != 8) {
            callOut(i);
            return;
        }
        frame.load(Cpu.RBP);
        frame.read(i, 8);
        frame.load(Cpu.RBP);
        frame.add(8);
        frame.store(Cpu.RSP);
        frame.store(Cpu.RBP);
    }

    private void conditionalMove(Instruction i, int size) {
        if (i.memory) {
            frame.readOperand(i, size);
        } else {
            frame.source(i);
        }
        c.lstore(VALUE);
        Label moved = c.newLabel();
        Label not = c.newLabel();
        conditions.branch(i.operation ^ 1, not);
        c.lload(VALUE);
        frame.setDestination(i, size);
        if (size == 4) {
            c.goto_(moved);
        }
        c.labelBinding(not);
        if (size == 4) {
            frame.load(i.destination);
            frame.set(i.destination, 0, 4);
        }
        c.labelBinding(moved);
    }

    private void convert(int size) {
        frame.load(Cpu.RAX);
        signExtend(size / 2);
        frame.set(Cpu.RAX, 0, size);
    }

    private void convertPair(int size) {
        frame.load(Cpu.RAX);
        signExtend(size);
        c.loadConstant(63);
        c.lshr();
        frame.set(Cpu.RDX, 0, size);
    }

    private void exchange(Instruction i, int size) {
        frame.source(i);
        c.lstore(VALUE);
        frame.destination(i);
        c.lstore(EXTRA);
        c.lload(VALUE);
        frame.setDestination(i, size);
        c.lload(EXTRA);
        frame.set(i.source, i.sourceShift, size);
    }

    private void byteSwap(Instruction i, int size) {
        if (size == 8) {
            frame.destination(i);
            c.invokestatic(LONG_CLASS, "reverseBytes", MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG));
        } else if (size == 4) {
            frame.destination(i);
            c.l2i();
            c.invokestatic(INTEGER_CLASS, "reverseBytes", MethodTypeDesc.of(RegionFrame.INT, RegionFrame.INT));
            c.i2l();
        } else {
            c.lconst_0();
        }
        frame.setDestination(i, size);
    }
}
