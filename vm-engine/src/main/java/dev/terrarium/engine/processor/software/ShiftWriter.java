// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import org.jspecify.annotations.Nullable;

/** Generates shifts, rotations and bit tests. */
final class ShiftWriter {
    private static final ClassDesc BITS = RegionFrame.type(CompiledBits.class);
    private static final ClassDesc LONG_CLASS = RegionFrame.type(Long.class);
    private static final ClassDesc INTEGER_CLASS = RegionFrame.type(Integer.class);
    private static final MethodTypeDesc LONG_LONGS =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG);
    private static final MethodTypeDesc LONG_LONG_INT =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.INT);
    private static final MethodTypeDesc LONG_LONG_INTS =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.INT, RegionFrame.INT);
    private static final MethodTypeDesc LONG_LONGS_INT =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG, RegionFrame.INT);
    private static final MethodTypeDesc LONG_LONGS_INTS =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG, RegionFrame.INT, RegionFrame.INT);
    private static final MethodTypeDesc INT_INT_INT =
            MethodTypeDesc.of(RegionFrame.INT, RegionFrame.INT, RegionFrame.INT);
    private static final int A = RegionFrame.FLAG_A;
    private static final int B = RegionFrame.FLAG_B;
    private static final int R = RegionFrame.FLAG_R;
    private static final int COUNT = RegionFrame.COUNT;
    private static final int GROUP_EIGHT = 0xBA;

    /** The carry before a rotation, or what is shifted in. */
    private static final int CARRY = RegionFrame.TEMPORARY;

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
        if (operation == Shifts.SHR) {
            frame.mask(-1L >>> 64 - 8 * size);
        } else if (operation == Shifts.SAR) {
            frame.signExtend(size);
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

    /** Everything but the frequent forms: any size, memory, by CL. */
    void shift(Instruction i, int size, boolean flags) {
        boolean rotation = i.operation < Shifts.SHL;
        boolean throughCarry = i.operation == Shifts.RCL || i.operation == Shifts.RCR;
        if (throughCarry) {
            frame.carry();
            c.lstore(CARRY);
        }
        value(i, size);
        count(i.source != Cpu.ZERO, i.immediate, size);
        if (throughCarry) {
            c.lload(VALUE);
            c.lload(CARRY);
            c.iload(COUNT);
            c.loadConstant(8 * size);
            c.invokestatic(
                    BITS,
                    i.operation == Shifts.RCL ? "rotateLeftThroughCarry" : "rotateRightThroughCarry",
                    LONG_LONGS_INTS);
        } else if (rotation) {
            c.lload(VALUE);
            c.iload(COUNT);
            c.loadConstant(8 * size);
            c.invokestatic(BITS, i.operation == Shifts.ROL ? "rotateLeft" : "rotateRight", LONG_LONG_INTS);
        } else {
            c.lload(VALUE);
            extendForShift(i.operation, size);
            c.iload(COUNT);
            shiftBy(i.operation);
        }
        c.lstore(EXTRA);
        result(i, size);
        if (flags) {
            Label unchanged = unlessZero(i.source != Cpu.ZERO);
            if (rotation) {
                flagsOfRotation(i, size, throughCarry);
            } else {
                flagsOfShift(i.operation, size);
            }
            bind(unchanged);
        }
    }

    /** Stores the operand that is shifted to VALUE, zero-extended. */
    private void value(Instruction i, int size) {
        if (i.memory) {
            frame.readToModify(i, size);
        } else {
            frame.destination(i);
            frame.mask(-1L >>> 64 - 8 * size);
            c.lstore(VALUE);
        }
    }

    private void count(boolean byRegister, long immediate, int size) {
        int mask = size == 8 ? 63 : 31;
        if (byRegister) {
            frame.load(Cpu.RCX);
            c.l2i();
            c.loadConstant(mask);
            c.iand();
        } else {
            c.loadConstant((int) immediate & mask);
        }
        c.istore(COUNT);
    }

    /** Writes EXTRA: a 32-bit register even if the count is 0. */
    private void result(Instruction i, int size) {
        c.lload(EXTRA);
        if (i.memory) {
            frame.storeHost(size);
        } else {
            frame.setDestination(i, size);
        }
    }

    /** A count of 0 leaves the flags as they are: where to go then, or null if the count is known. */
    private @Nullable Label unlessZero(boolean byRegister) {
        if (!byRegister) {
            return null;
        }
        Label unchanged = c.newLabel();
        c.iload(COUNT);
        c.ifeq(unchanged);
        return unchanged;
    }

    private void bind(@Nullable Label unchanged) {
        if (unchanged != null) {
            c.labelBinding(unchanged);
            frame.knownKind = -1;
        }
    }

    private void flagsOfShift(int operation, int size) {
        c.lload(VALUE);
        c.lstore(A);
        c.iload(COUNT);
        c.i2l();
        c.lstore(B);
        c.lload(EXTRA);
        c.lstore(R);
        int family = operation == Shifts.SHR ? FlagKind.SHR : operation == Shifts.SAR ? FlagKind.SAR : FlagKind.SHL;
        frame.flags(FlagKind.of(family, size));
    }

    /** CF and OF; of a register by an immediate that is not 1, CF alone. */
    private void flagsOfRotation(Instruction i, int size, boolean throughCarry) {
        boolean left = i.operation == Shifts.ROL || i.operation == Shifts.RCL;
        int bits = 8 * size;
        canonicalize();
        if (throughCarry) {
            c.lload(VALUE);
            c.lload(CARRY);
            c.iload(COUNT);
            c.loadConstant(bits);
            c.invokestatic(BITS, left ? "carriesOfRcl" : "carriesOfRcr", LONG_LONGS_INTS);
        } else if (i.source == Cpu.ZERO && !i.memory && i.immediate != 1) {
            frame.pushFlags();
            bit(EXTRA, left ? 0 : bits - 1);
            withCarry();
        } else {
            c.lload(VALUE);
            c.lload(EXTRA);
            c.loadConstant(bits);
            c.invokestatic(BITS, left ? "carriesOfRotationLeft" : "carriesOfRotationRight", LONG_LONGS_INT);
        }
        c.lstore(A);
    }

    /** CLC, STC and CMC. */
    void carry(int op) {
        canonicalize();
        frame.pushFlags();
        switch (op) {
            case Op.CLC -> c.lconst_0();
            case Op.STC -> c.lconst_1();
            default -> {
                frame.carry();
                c.lconst_1();
                c.lxor();
            }
        }
        withCarry();
        c.lstore(A);
    }

    /** SHLD and SHRD of 32 and 64 bits; an odd opcode has its count in CL. */
    void shiftDouble(Instruction i, int size, boolean flags) {
        boolean byRegister = (i.opcode & 1) != 0;
        boolean left = i.operation == Shifts.SHL;
        int bits = 8 * size;
        value(i, size);
        count(byRegister, i.immediate, size);
        frame.load(i.source);
        c.lstore(CARRY);
        c.lload(VALUE);
        c.lload(CARRY);
        c.iload(COUNT);
        c.invokestatic(BITS, (left ? "shiftLeftDouble" : "shiftRightDouble") + bits, LONG_LONGS_INT);
        c.lstore(EXTRA);
        result(i, size);
        if (flags) {
            Label unchanged = unlessZero(byRegister);
            c.lload(VALUE);
            c.lload(CARRY);
            c.iload(COUNT);
            c.loadConstant(bits);
            c.invokestatic(BITS, left ? "carriesLeft" : "carriesRight", LONG_LONGS_INTS);
            c.lstore(A);
            c.lconst_0();
            c.lstore(B);
            c.lload(EXTRA);
            frame.signExtend(size);
            c.lstore(R);
            frame.flags(FlagKind.CANONICAL);
            bind(unchanged);
        }
    }

    /** Turns the flags into their canonical form, in place. */
    void canonicalize() {
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

    /** BT, BTS, BTR, BTC: only CF changes. */
    void bitTest(Instruction i, int size, boolean flags) {
        boolean immediate = i.opcode == GROUP_EIGHT;
        if (i.memory) {
            bitAddress(i, size, immediate);
            if (i.operation == BitUnit.TEST) {
                frame.read(i, size);
            } else {
                frame.locate(i, size, false);
                frame.loadHost(size);
            }
        } else {
            bitNumber(i, size, immediate);
            frame.destination(i);
        }
        c.lstore(VALUE);
        if (i.operation != BitUnit.TEST) {
            c.lload(VALUE);
            c.lconst_1();
            c.iload(COUNT);
            c.lshl();
            switch (i.operation) {
                case BitUnit.SET -> c.lor();
                case BitUnit.RESET -> c.loadConstant(-1L).lxor().land();
                default -> c.lxor();
            }
            if (i.memory) {
                frame.storeHost(size);
            } else {
                frame.setDestination(i, size);
            }
        }
        if (flags) {
            carryOfBit();
        }
    }

    /** Stores the number of the bit in its operand to {@link RegionFrame#COUNT}. */
    private void bitNumber(Instruction i, int size, boolean immediate) {
        if (immediate) {
            c.loadConstant((int) i.immediate & (8 * size - 1));
        } else {
            frame.load(i.source);
            c.l2i();
            c.loadConstant(8 * size - 1);
            c.iand();
        }
        c.istore(COUNT);
    }

    /** The same, and pushes the linear address of the operand: an offset in a register reaches past it on both sides. */
    void bitAddress(Instruction i, int size, boolean immediate) {
        bitNumber(i, size, immediate);
        frame.effectiveAddress(i);
        if (!immediate) {
            frame.load(i.source);
            frame.signExtend(size);
            c.loadConstant(Integer.numberOfTrailingZeros(8 * size));
            c.lshr();
            c.loadConstant(Integer.numberOfTrailingZeros(size));
            c.lshl();
            c.ladd();
            frame.mask(i.addressMask);
        }
        frame.addSegmentBase(i);
    }

    /** Makes CF bit {@link RegionFrame#COUNT} of VALUE. */
    void carryOfBit() {
        canonicalize();
        frame.pushFlags();
        c.lload(VALUE);
        c.iload(COUNT);
        c.lushr();
        c.lconst_1();
        c.land();
        withCarry();
        c.lstore(A);
    }
}
