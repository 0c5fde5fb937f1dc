// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/**
 * Generates XADD, CMPXCHG and CMPXCHG8B, and what is atomic: everything with a LOCK prefix, and XCHG with memory. An atomic
 * operation is one call of {@link CompiledAtomic}, on an aligned operand; the flags are made of what it found.
 */
final class ExchangeWriter {
    private static final ClassDesc ATOMIC = RegionFrame.type(CompiledAtomic.class);
    private static final MethodTypeDesc LONG_LONG = MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG);
    private static final MethodTypeDesc LONG_LONGS =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG);
    private static final MethodTypeDesc LONG_3_LONGS =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG);
    private static final int A = RegionFrame.FLAG_A;
    private static final int B = RegionFrame.FLAG_B;
    private static final int R = RegionFrame.FLAG_R;
    private static final int VALUE = RegionFrame.TEMPORARY_2;
    private static final int EXTRA = RegionFrame.TEMPORARY_3;
    private static final int GROUP_EIGHT = 0xBA;

    private final RegionFrame frame;
    private final CodeBuilder c;
    private final ArithmeticWriter arithmetic;
    private final ShiftWriter shifts;

    ExchangeWriter(RegionFrame frame, ArithmeticWriter arithmetic, ShiftWriter shifts) {
        this.frame = frame;
        this.c = frame.c;
        this.arithmetic = arithmetic;
        this.shifts = shifts;
    }

    /** Which of {@link Op#LOCKED} are generated: all but CMPXCHG16B. */
    static boolean isNative(Instruction i) {
        return !isPair(i) || !i.rexW;
    }

    private static boolean isPair(Instruction i) {
        return i.map == Instruction.MAP_0F && i.opcode == 0xC7;
    }

    /** The operation that a LOCK prefix was put before; {@link Op#XCHG_R} for XCHG. */
    static int plain(Instruction i) {
        if (i.map == Instruction.MAP_0F) {
            return switch (i.opcode) {
                case 0xB0, 0xB1 -> Op.CMPXCHG;
                case 0xC0, 0xC1 -> Op.XADD;
                case 0xC7 -> Op.CMPXCHG_PAIR;
                default -> Op.BIT_TEST;
            };
        }
        return switch (i.opcode) {
            case 0x86, 0x87 -> Op.XCHG_R;
            case 0xF6, 0xF7 -> i.extension() == 2 ? Op.NOT : Op.NEG;
            case 0xFE, 0xFF -> i.extension() == 0 ? Op.INC : Op.DEC;
            default -> Op.ALU_M;
        };
    }

    void locked(Instruction i, int size, boolean flags) {
        switch (plain(i)) {
            case Op.CMPXCHG -> compareExchange(i, size, true, flags);
            case Op.XADD -> exchangeAdd(i, size, true, flags);
            case Op.CMPXCHG_PAIR -> compareExchangePair(i, true);
            case Op.BIT_TEST -> bitTest(i, size, flags);
            case Op.XCHG_R -> exchange(i, size);
            case Op.NOT -> {
                locate(i, size);
                c.loadConstant(-1L);
                c.loadConstant(-1L);
                atomic("bits", size, LONG_3_LONGS);
                c.pop2();
            }
            case Op.NEG -> {
                locate(i, size);
                atomic("negate", size, LONG_LONG);
                c.lstore(VALUE);
                if (flags) {
                    c.lconst_0();
                    c.lstore(A);
                    c.lload(VALUE);
                    c.lstore(B);
                    frame.flags(FlagKind.of(FlagKind.SUB, size));
                }
            }
            case Op.INC -> increment(i, size, 1, flags);
            case Op.DEC -> increment(i, size, -1, flags);
            default -> alu(i, size, flags);
        }
    }

    /** Pushes the host address of the memory operand, which is writable and aligned. */
    private void locate(Instruction i, int size) {
        frame.address(i);
        frame.locate(i, size, true);
        c.lload(RegionFrame.HOST);
    }

    private void atomic(String operation, int size, MethodTypeDesc type) {
        c.invokestatic(ATOMIC, operation + 8 * size, type);
    }

    private void increment(Instruction i, int size, int by, boolean flags) {
        locate(i, size);
        c.loadConstant((long) by);
        atomic("add", size, LONG_LONGS);
        frame.add(by);
        if (!flags) {
            c.pop2();
            return;
        }
        frame.carry();
        c.lstore(A);
        c.lstore(R);
        frame.flags(FlagKind.of(by > 0 ? FlagKind.INC : FlagKind.DEC, size));
    }

    private void alu(Instruction i, int size, boolean flags) {
        int operation = i.operation;
        boolean withCarry = operation == Arithmetic.ADC || operation == Arithmetic.SBB;
        if (withCarry) {
            frame.carry();
            c.lstore(EXTRA);
        }
        locate(i, size);
        if (ArithmeticWriter.isLogic(operation)) {
            if (operation == Arithmetic.AND) {
                frame.source(i);
                c.lconst_0();
            } else if (operation == Arithmetic.OR) {
                frame.source(i);
                c.loadConstant(-1L);
                c.lxor();
                frame.source(i);
            } else {
                c.loadConstant(-1L);
                frame.source(i);
            }
            atomic("bits", size, LONG_3_LONGS);
        } else {
            frame.source(i);
            if (withCarry) {
                c.lload(EXTRA);
                c.ladd();
            }
            if (operation == Arithmetic.SUB || operation == Arithmetic.SBB) {
                c.lneg();
            }
            atomic("add", size, LONG_LONGS);
        }
        if (!flags) {
            c.pop2();
            return;
        }
        c.lstore(VALUE);
        c.lload(VALUE);
        frame.source(i);
        arithmetic.combine(operation);
        if (withCarry) {
            c.lload(EXTRA);
            arithmetic.combine(operation);
        }
        c.lstore(R);
        if (!ArithmeticWriter.isLogic(operation)) {
            c.lload(VALUE);
            c.lstore(A);
            frame.source(i);
            c.lstore(B);
        }
        frame.flags(FlagKind.of(ArithmeticWriter.family(operation), size));
    }

    private void exchange(Instruction i, int size) {
        locate(i, size);
        frame.source(i);
        atomic("exchange", size, LONG_LONGS);
        frame.set(i.source, i.sourceShift, size);
    }

    /** XADD: the register is written first, and is no longer what was added. */
    void exchangeAdd(Instruction i, int size, boolean locked, boolean flags) {
        if (locked) {
            locate(i, size);
            frame.source(i);
            c.dup2();
            c.lstore(EXTRA);
            atomic("add", size, LONG_LONGS);
            c.lstore(VALUE);
        } else {
            if (i.memory) {
                frame.readToModify(i, size);
            } else {
                frame.destination(i);
                c.lstore(VALUE);
            }
            frame.source(i);
            c.lstore(EXTRA);
            if (i.memory) {
                c.lload(VALUE);
                c.lload(EXTRA);
                c.ladd();
                frame.storeHost(size);
            }
        }
        c.lload(VALUE);
        frame.set(i.source, i.sourceShift, size);
        if (!i.memory) {
            c.lload(VALUE);
            c.lload(EXTRA);
            c.ladd();
            frame.setDestination(i, size);
        }
        if (flags) {
            c.lload(VALUE);
            c.lstore(A);
            c.lload(EXTRA);
            c.lstore(B);
            frame.flags(FlagKind.of(FlagKind.ADD, size));
        }
    }

    /** CMPXCHG; what is found goes to VALUE, then to the accumulator. */
    void compareExchange(Instruction i, int size, boolean locked, boolean flags) {
        if (locked) {
            locate(i, size);
            frame.load(Cpu.RAX);
            frame.source(i);
            atomic("compareExchange", size, LONG_3_LONGS);
            c.lstore(VALUE);
        } else if (i.memory) {
            frame.readToModify(i, size);
            Label different = c.newLabel();
            compareWithAccumulator(size, different);
            frame.source(i);
            frame.storeHost(size);
            c.labelBinding(different);
        } else {
            compareExchangeRegister(i, size, flags);
            return;
        }
        frame.load(Cpu.RAX);
        c.lstore(EXTRA);
        comparison(size, flags);
        accumulator(size);
    }

    private void compareExchangeRegister(Instruction i, int size, boolean flags) {
        frame.destination(i);
        c.lstore(VALUE);
        frame.load(Cpu.RAX);
        c.lstore(EXTRA);
        Label different = c.newLabel();
        Label end = c.newLabel();
        compareWithAccumulator(size, different);
        frame.source(i);
        frame.setDestination(i, size);
        c.goto_(end);
        c.labelBinding(different);
        accumulator(size);
        c.labelBinding(end);
        comparison(size, flags);
    }

    private void compareWithAccumulator(int size, Label different) {
        c.lload(VALUE);
        frame.load(Cpu.RAX);
        c.lxor();
        if (size < 8) {
            c.loadConstant(64 - 8 * size);
            c.lshl();
        }
        c.lconst_0();
        c.lcmp();
        c.ifne(different);
    }

    /** The flags of the comparison of EXTRA, which was the accumulator, with VALUE. */
    private void comparison(int size, boolean flags) {
        if (flags) {
            c.lload(EXTRA);
            c.lstore(A);
            c.lload(VALUE);
            c.lstore(B);
            frame.flags(FlagKind.of(FlagKind.SUB, size));
        }
    }

    private void accumulator(int size) {
        c.lload(VALUE);
        if (size == 4) {
            frame.load(Cpu.RAX);
            c.invokestatic(ATOMIC, "accumulator32", LONG_LONGS);
            frame.store(Cpu.RAX);
        } else {
            frame.set(Cpu.RAX, 0, size);
        }
    }

    /** CMPXCHG8B: a comparison of EDX:EAX; only ZF changes. */
    void compareExchangePair(Instruction i, boolean locked) {
        frame.address(i);
        frame.locate(i, 8, locked);
        pair(Cpu.RDX, Cpu.RAX);
        c.lstore(EXTRA);
        if (locked) {
            c.lload(RegionFrame.HOST);
            c.lload(EXTRA);
            pair(Cpu.RCX, Cpu.RBX);
            atomic("compareExchange", 8, LONG_3_LONGS);
        } else {
            frame.loadHost(8);
        }
        c.lstore(VALUE);
        Label different = c.newLabel();
        Label end = c.newLabel();
        shifts.canonicalize();
        c.lload(VALUE);
        c.lload(EXTRA);
        c.lcmp();
        c.ifne(different);
        if (!locked) {
            pair(Cpu.RCX, Cpu.RBX);
            frame.storeHost(8);
        }
        zero(0);
        c.goto_(end);
        c.labelBinding(different);
        zero(1);
        c.lload(VALUE);
        frame.set(Cpu.RAX, 0, 4);
        c.lload(VALUE);
        c.loadConstant(32);
        c.lushr();
        frame.store(Cpu.RDX);
        c.labelBinding(end);
    }

    /** Sets ZF of canonical flags, by a result of 0, or clears it, by 1. */
    private void zero(long result) {
        c.lload(R);
        c.lload(B);
        c.loadConstant(result);
        c.invokestatic(RegionFrame.FLAGS, "auxiliaryFor", LONG_3_LONGS);
        c.lstore(B);
        c.loadConstant(result);
        c.lstore(R);
    }

    private void pair(int high, int low) {
        frame.load(low);
        frame.mask(0xFFFF_FFFFL);
        frame.load(high);
        c.loadConstant(32);
        c.lshl();
        c.lor();
    }

    /** BTS, BTR, BTC with LOCK. */
    private void bitTest(Instruction i, int size, boolean flags) {
        shifts.bitAddress(i, size, i.opcode == GROUP_EIGHT);
        frame.locate(i, size, true);
        c.lload(RegionFrame.HOST);
        switch (i.operation) {
            case BitUnit.SET -> {
                bit(true);
                bit(false);
            }
            case BitUnit.RESET -> {
                bit(true);
                c.lconst_0();
            }
            default -> {
                c.loadConstant(-1L);
                bit(false);
            }
        }
        atomic("bits", size, LONG_3_LONGS);
        c.lstore(VALUE);
        if (flags) {
            shifts.carryOfBit();
        }
    }

    private void bit(boolean inverted) {
        c.lconst_1();
        c.iload(RegionFrame.COUNT);
        c.lshl();
        if (inverted) {
            c.loadConstant(-1L);
            c.lxor();
        }
    }
}
