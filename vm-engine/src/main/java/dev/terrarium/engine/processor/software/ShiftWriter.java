// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** Generates shifts, rotations and bit tests. */
final class ShiftWriter {
    private static final ClassDesc LONG_CLASS = RegionFrame.type(Long.class);
    private static final ClassDesc INTEGER_CLASS = RegionFrame.type(Integer.class);
    private static final MethodTypeDesc LONG_LONGS =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG);
    private static final MethodTypeDesc LONG_LONG_INT =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.INT);
    private static final MethodTypeDesc INT_INT_INT =
            MethodTypeDesc.of(RegionFrame.INT, RegionFrame.INT, RegionFrame.INT);
    private static final int A = RegionFrame.FLAG_A;
    private static final int B = RegionFrame.FLAG_B;
    private static final int R = RegionFrame.FLAG_R;
    private static final int ADDRESS = RegionFrame.TEMPORARY;
    private static final int VALUE = RegionFrame.TEMPORARY_2;
    private static final int EXTRA = RegionFrame.TEMPORARY_3;

    private final RegionFrame frame;
    private final CodeBuilder c;

    ShiftWriter(RegionFrame frame) {
        this.frame = frame;
        this.c = frame.c;
    }

    void shiftImmediate(Instruction i, int size, boolean flags) {
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
            frame.signExtend(4);
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

    /** SHL, SHR and SAR by CL: a count of 0 leaves the flags, but a 32-bit destination is written all the same. */
    void shiftByRegister(Instruction i, int size) {
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
    void rotateImmediate(Instruction i, int size, boolean flags) {
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
    void bitTest(Instruction i, boolean flags) {
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
}
