// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/**
 * Generates jumps on the sixteen conditions of Jcc. Where the instruction that set the flags is known, a comparison and
 * its jump become one comparison of the JVM's.
 */
final class ConditionWriter {
    private static final int A = RegionFrame.FLAG_A;
    private static final int B = RegionFrame.FLAG_B;
    private static final int R = RegionFrame.FLAG_R;

    private static final int BELOW = 2;
    private static final int EQUAL = 4;
    private static final int BELOW_OR_EQUAL = 6;
    private static final int SIGN = 8;
    private static final int PARITY = 10;
    private static final int LESS = 12;
    private static final int LESS_OR_EQUAL = 14;

    private static final MethodTypeDesc CONDITION = MethodTypeDesc.of(
            ConstantDescs.CD_boolean,
            RegionFrame.INT,
            RegionFrame.LONG,
            RegionFrame.LONG,
            RegionFrame.LONG,
            RegionFrame.INT);
    private static final ClassDesc LONG_CLASS = RegionFrame.type(Long.class);

    private final RegionFrame frame;
    private final CodeBuilder c;

    ConditionWriter(RegionFrame frame) {
        this.frame = frame;
        this.c = frame.c;
    }

    /** Jumps to {@code target} if the condition with this encoding holds. */
    void branch(int code, Label target) {
        int kind = frame.knownKind;
        int family = kind & ~3;
        int size = 1 << (kind & 3);
        boolean done = kind >= 0
                && switch (family) {
                    case FlagKind.SUB -> compared(code, size, target);
                    case FlagKind.LOGIC, FlagKind.INC, FlagKind.DEC, FlagKind.ADC, FlagKind.SBB ->
                        result(code, size, family == FlagKind.LOGIC, target);
                    case FlagKind.SHL, FlagKind.SHR, FlagKind.SAR -> result(code, size, false, target);
                    case FlagKind.ADD -> sum(code, size, target);
                    case FlagKind.CANONICAL -> canonical(code, target);
                    case FlagKind.ORDER -> ordered(code, target);
                    default -> false;
                };
        if (!done) {
            generic(code);
            c.ifne(target);
        }
    }

    /** Pushes 1 if the condition holds, else 0. */
    void push(int code) {
        Label holds = c.newLabel();
        Label end = c.newLabel();
        branch(code, holds);
        c.iconst_0();
        c.goto_(end);
        c.labelBinding(holds);
        c.iconst_1();
        c.labelBinding(end);
    }

    private void generic(int code) {
        frame.pushFlags();
        c.loadConstant(code);
        c.invokestatic(RegionFrame.FLAGS, "condition", CONDITION);
    }

    /** Pushes a local variable's value extended from the operand size, as an int where that suffices. */
    private void operand(int slot, int size, boolean signed) {
        c.lload(slot);
        narrow(size, signed);
    }

    private void narrow(int size, boolean signed) {
        switch (size) {
            case 8 -> {}
            case 4 -> c.l2i();
            case 2 -> {
                c.l2i();
                if (signed) {
                    c.i2s();
                } else {
                    c.i2c();
                }
            }
            default -> {
                c.l2i();
                if (signed) {
                    c.i2b();
                } else {
                    c.sipush(0xFF);
                    c.iand();
                }
            }
        }
    }

    /** After a comparison or subtraction of a and b. */
    private boolean compared(int code, int size, Label target) {
        int base = code & ~1;
        boolean negated = (code & 1) != 0;
        switch (base) {
            case EQUAL -> compare(size, false, negated ? Opcode.IFNE : Opcode.IFEQ, target);
            case BELOW -> compare(size, true, negated ? Opcode.IFGE : Opcode.IFLT, target);
            case BELOW_OR_EQUAL -> compare(size, true, negated ? Opcode.IFGT : Opcode.IFLE, target);
            case LESS -> compare(size, false, negated ? Opcode.IFGE : Opcode.IFLT, target);
            case LESS_OR_EQUAL -> compare(size, false, negated ? Opcode.IFGT : Opcode.IFLE, target);
            case SIGN -> {
                c.lload(A);
                c.lload(B);
                c.lsub();
                zero(size, negated ? Opcode.IFGE : Opcode.IFLT, target);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void compare(int size, boolean unsigned, Opcode jump, Label target) {
        operand(A, size, !unsigned);
        operand(B, size, !unsigned);
        if (size == 8) {
            if (unsigned) {
                unsignedLongs();
            } else {
                c.lcmp();
            }
        } else if (size == 4 && unsigned) {
            c.invokestatic(
                    RegionFrame.type(Integer.class),
                    "compareUnsigned",
                    MethodTypeDesc.of(RegionFrame.INT, RegionFrame.INT, RegionFrame.INT));
        } else {
            c.branch(ofInts(jump), target);
            return;
        }
        c.branch(jump, target);
    }

    private void unsignedLongs() {
        c.invokestatic(
                LONG_CLASS, "compareUnsigned", MethodTypeDesc.of(RegionFrame.INT, RegionFrame.LONG, RegionFrame.LONG));
    }

    private static Opcode ofInts(Opcode jump) {
        return switch (jump) {
            case IFEQ -> Opcode.IF_ICMPEQ;
            case IFNE -> Opcode.IF_ICMPNE;
            case IFLT -> Opcode.IF_ICMPLT;
            case IFGE -> Opcode.IF_ICMPGE;
            case IFGT -> Opcode.IF_ICMPGT;
            default -> Opcode.IF_ICMPLE;
        };
    }

    /** Compares the long on the stack, of which {@code size} bytes count, with zero. */
    private void zero(int size, Opcode jump, Label target) {
        narrow(size, true);
        if (size == 8) {
            c.lconst_0();
            c.lcmp();
        }
        c.branch(jump, target);
    }

    /** After an operation that leaves its result in r; {@code logic} says that it clears CF and OF. */
    private boolean result(int code, int size, boolean logic, Label target) {
        int base = code & ~1;
        boolean negated = (code & 1) != 0;
        Opcode jump;
        if (base == EQUAL || logic && base == BELOW_OR_EQUAL) {
            jump = negated ? Opcode.IFNE : Opcode.IFEQ;
        } else if (base == SIGN || logic && base == LESS) {
            jump = negated ? Opcode.IFGE : Opcode.IFLT;
        } else if (logic && base == LESS_OR_EQUAL) {
            jump = negated ? Opcode.IFGT : Opcode.IFLE;
        } else {
            return false;
        }
        c.lload(R);
        zero(size, jump, target);
        return true;
    }

    /** After an addition of a and b. */
    private boolean sum(int code, int size, Label target) {
        int base = code & ~1;
        boolean negated = (code & 1) != 0;
        if (base == BELOW && size == 8) {
            c.lload(A);
            c.lload(B);
            c.ladd();
            c.lload(A);
            unsignedLongs();
            c.branch(negated ? Opcode.IFGE : Opcode.IFLT, target);
            return true;
        }
        if (base != EQUAL && base != SIGN) {
            return false;
        }
        c.lload(A);
        c.lload(B);
        c.ladd();
        Opcode zero = negated ? Opcode.IFNE : Opcode.IFEQ;
        Opcode negative = negated ? Opcode.IFGE : Opcode.IFLT;
        zero(size, base == EQUAL ? zero : negative, target);
        return true;
    }

    /** After a comparison of floating-point numbers. */
    private boolean ordered(int code, Label target) {
        boolean negated = (code & 1) != 0;
        c.lload(R);
        c.l2i();
        switch (code & ~1) {
            case BELOW -> {
                c.iconst_2();
                c.branch(negated ? Opcode.IF_ICMPLT : Opcode.IF_ICMPGE, target);
            }
            case BELOW_OR_EQUAL -> {
                c.iconst_1();
                c.branch(negated ? Opcode.IF_ICMPEQ : Opcode.IF_ICMPNE, target);
            }
            case EQUAL -> {
                c.iconst_1();
                c.iadd();
                c.iconst_2();
                c.iand();
                c.branch(negated ? Opcode.IFNE : Opcode.IFEQ, target);
            }
            case PARITY -> {
                c.iconst_3();
                c.branch(negated ? Opcode.IF_ICMPNE : Opcode.IF_ICMPEQ, target);
            }
            default -> {
                c.pop();
                return false;
            }
        }
        return true;
    }

    private boolean canonical(int code, Label target) {
        boolean negated = (code & 1) != 0;
        switch (code & ~1) {
            case EQUAL -> {
                c.lload(R);
                c.lconst_0();
                c.lcmp();
                c.branch(negated ? Opcode.IFNE : Opcode.IFEQ, target);
            }
            case BELOW -> {
                c.lload(A);
                c.lconst_0();
                c.lcmp();
                c.branch(negated ? Opcode.IFGE : Opcode.IFLT, target);
            }
            default -> {
                return false;
            }
        }
        return true;
    }
}
