// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/** Generates additions, comparisons, logical operations, multiplications and divisions. */
final class ArithmeticWriter {
    private static final ClassDesc BITS = RegionFrame.type(CompiledBits.class);
    private static final ClassDesc BOOLEAN = ConstantDescs.CD_boolean;
    private static final ClassDesc MATH = RegionFrame.type(Math.class);
    private static final MethodTypeDesc LONG_LONGS =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG);
    private static final int A = RegionFrame.FLAG_A;
    private static final int B = RegionFrame.FLAG_B;
    private static final int R = RegionFrame.FLAG_R;
    private static final int LOW = RegionFrame.TEMPORARY;
    private static final int VALUE = RegionFrame.TEMPORARY_2;
    private static final int EXTRA = RegionFrame.TEMPORARY_3;

    private final RegionFrame frame;
    private final CodeBuilder c;

    ArithmeticWriter(RegionFrame frame) {
        this.frame = frame;
        this.c = frame.c;
    }

    void combine(int operation) {
        switch (operation) {
            case Arithmetic.AND -> c.land();
            case Arithmetic.OR -> c.lor();
            case Arithmetic.XOR -> c.lxor();
            case Arithmetic.ADD, Arithmetic.ADC -> c.ladd();
            default -> c.lsub();
        }
    }

    static boolean isLogic(int operation) {
        return operation == Arithmetic.AND || operation == Arithmetic.OR || operation == Arithmetic.XOR;
    }

    static int family(int operation) {
        return switch (operation) {
            case Arithmetic.ADD -> FlagKind.ADD;
            case Arithmetic.ADC -> FlagKind.ADC;
            case Arithmetic.SBB -> FlagKind.SBB;
            case Arithmetic.SUB, Arithmetic.CMP -> FlagKind.SUB;
            default -> FlagKind.LOGIC;
        };
    }

    /** Destination a register, source a register, an immediate or memory. */
    void alu(Instruction i, int operation, int size, boolean flags) {
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
    void aluMemory(Instruction i, int operation, int size, boolean flags) {
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
        frame.readToModify(i, size);
        c.lload(VALUE);
        frame.source(i);
        combine(operation);
        if (withCarry) {
            c.lload(EXTRA);
            combine(operation);
        }
        c.lstore(EXTRA);
        frame.writeModified(size);
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

    void test(Instruction i, int size) {
        frame.destination(i);
        frame.source(i);
        c.land();
        c.lstore(R);
        frame.flags(FlagKind.of(FlagKind.LOGIC, size));
    }

    void testMemory(Instruction i, int size) {
        frame.readOperand(i, size);
        frame.source(i);
        c.land();
        c.lstore(R);
        frame.flags(FlagKind.of(FlagKind.LOGIC, size));
    }

    void increment(Instruction i, int size, int by, boolean flags) {
        if (i.memory) {
            frame.readToModify(i, size);
            c.lload(VALUE);
            frame.add(by);
            c.lstore(EXTRA);
            frame.writeModified(size);
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

    void negate(Instruction i, int size, boolean flags) {
        if (i.memory) {
            frame.readToModify(i, size);
            c.lload(VALUE);
            c.lneg();
            c.lstore(EXTRA);
            frame.writeModified(size);
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

    void not(Instruction i, int size) {
        if (i.memory) {
            frame.readToModify(i, size);
            c.lload(VALUE);
            c.loadConstant(-1L);
            c.lxor();
            c.lstore(EXTRA);
            frame.writeModified(size);
        } else {
            frame.destination(i);
            c.loadConstant(-1L);
            c.lxor();
            frame.setDestination(i, size);
        }
    }

    void multiplyTruncated(Instruction i, int size, boolean flags) {
        if (i.memory) {
            frame.readOperand(i, size);
        } else {
            frame.load(i.source);
        }
        frame.signExtend(size);
        c.lstore(VALUE);
        if (i.op == Op.IMUL_IMMEDIATE) {
            c.loadConstant(i.immediate);
        } else {
            frame.load(i.destination);
            frame.signExtend(size);
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

    /** MUL and IMUL to twice the width: AX, or rDX and rAX. */
    void multiplyWide(Instruction i, int size, boolean flags) {
        boolean signed = i.op == Op.IMUL;
        if (i.memory) {
            frame.readOperand(i, size);
        } else {
            frame.source(i);
        }
        extend(size, signed);
        c.lstore(VALUE);
        frame.load(Cpu.RAX);
        extend(size, signed);
        c.lstore(EXTRA);
        c.lload(EXTRA);
        c.lload(VALUE);
        c.lmul();
        c.lstore(LOW);
        if (size == 8) {
            c.lload(EXTRA);
            c.lload(VALUE);
            c.invokestatic(MATH, signed ? "multiplyHigh" : "unsignedMultiplyHigh", LONG_LONGS);
        } else {
            c.lload(LOW);
            c.loadConstant(8 * size);
            c.lshr();
        }
        if (flags) {
            c.dup2();
            if (signed) {
                c.lload(LOW);
                frame.signExtend(size);
                c.loadConstant(63);
                c.lshr();
                c.lxor();
            }
            c.lstore(A);
            c.lload(LOW);
            c.lstore(R);
            frame.flags(FlagKind.of(FlagKind.WIDE, size));
        }
        if (size == 1) {
            c.pop2();
        } else {
            frame.set(Cpu.RDX, 0, size);
        }
        c.lload(LOW);
        frame.set(Cpu.RAX, 0, size == 1 ? 2 : size);
    }

    private void extend(int size, boolean signed) {
        if (signed) {
            frame.signExtend(size);
        } else {
            frame.mask(-1L >>> 64 - 8 * size);
        }
    }

    /** DIV and IDIV of 32 and 64 bits; what the quotient does not fit is the interpreter's, which raises #DE. */
    void divide(Instruction i, int size) {
        boolean signed = i.op == Op.IDIV;
        if (i.memory) {
            frame.readOperand(i, size);
        } else {
            frame.source(i);
        }
        extend(size, signed);
        c.lstore(VALUE);
        if (size == 8) {
            divide64(i, signed);
        } else {
            frame.load(Cpu.RDX);
            c.loadConstant(32);
            c.lshl();
            frame.load(Cpu.RAX);
            frame.mask(0xFFFF_FFFFL);
            c.lor();
            c.lstore(LOW);
            divide32(i, signed);
        }
        c.lload(LOW);
        c.lload(EXTRA);
        c.lload(VALUE);
        c.lmul();
        c.lsub();
        frame.set(Cpu.RDX, 0, size);
        c.lload(EXTRA);
        frame.set(Cpu.RAX, 0, size);
    }

    /** Stores the quotient to EXTRA and the dividend's lower half to LOW. */
    private void divide64(Instruction i, boolean signed) {
        frame.load(Cpu.RAX);
        c.lstore(LOW);
        frame.load(Cpu.RDX);
        if (signed) {
            c.lload(LOW);
        }
        c.lload(VALUE);
        c.invokestatic(
                BITS,
                signed ? "dividesSigned64" : "divides64",
                signed
                        ? MethodTypeDesc.of(BOOLEAN, RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG)
                        : MethodTypeDesc.of(BOOLEAN, RegionFrame.LONG, RegionFrame.LONG));
        c.ifeq(frame.retreat(i));
        if (signed) {
            c.lload(LOW);
            c.lload(VALUE);
            c.ldiv();
        } else {
            frame.load(Cpu.RDX);
            c.lload(LOW);
            c.lload(VALUE);
            c.invokestatic(
                    BITS,
                    "quotient64",
                    MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG));
        }
        c.lstore(EXTRA);
    }

    /** Stores the quotient to EXTRA; the dividend is in LOW. */
    private void divide32(Instruction i, boolean signed) {
        if (signed) {
            c.lload(LOW);
            c.lload(VALUE);
            c.invokestatic(BITS, "quotientSigned32", LONG_LONGS);
            c.lstore(EXTRA);
            c.lload(EXTRA);
            c.loadConstant(Long.MIN_VALUE);
            c.lcmp();
            c.ifeq(frame.retreat(i));
        } else {
            c.lload(LOW);
            c.loadConstant(32);
            c.lushr();
            c.lload(VALUE);
            c.invokestatic(BITS, "divides64", MethodTypeDesc.of(BOOLEAN, RegionFrame.LONG, RegionFrame.LONG));
            c.ifeq(frame.retreat(i));
            c.lload(LOW);
            c.lload(VALUE);
            c.invokestatic(RegionFrame.type(Long.class), "divideUnsigned", LONG_LONGS);
            c.lstore(EXTRA);
        }
    }
}
