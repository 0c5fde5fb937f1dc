// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** Generates bit scans and counts, BMI1 and BMI2, MOVBE and CRC32. */
final class BitWriter {
    private static final ClassDesc BITS = RegionFrame.type(CompiledBits.class);
    private static final ClassDesc LONG_CLASS = RegionFrame.type(Long.class);
    private static final ClassDesc INTEGER_CLASS = RegionFrame.type(Integer.class);
    private static final MethodTypeDesc LONG_LONG = MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG);
    private static final MethodTypeDesc LONG_LONGS =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG);
    private static final MethodTypeDesc LONG_LONG_INT =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.INT);
    private static final int A = RegionFrame.FLAG_A;
    private static final int B = RegionFrame.FLAG_B;
    private static final int R = RegionFrame.FLAG_R;
    private static final int VALUE = RegionFrame.TEMPORARY_2;
    private static final int EXTRA = RegionFrame.TEMPORARY_3;

    private final RegionFrame frame;
    private final CodeBuilder c;

    BitWriter(RegionFrame frame) {
        this.frame = frame;
        this.c = frame.c;
    }

    /** Stores the source operand, zero-extended, to VALUE. */
    private void source(Instruction i, int size) {
        if (i.memory) {
            frame.readOperand(i, size);
        } else {
            frame.source(i);
            frame.mask(-1L >>> 64 - 8 * size);
        }
        c.lstore(VALUE);
    }

    /** BSF and BSR. */
    void scan(Instruction i, int size, boolean flags) {
        source(i, size);
        c.lload(VALUE);
        frame.load(i.destination);
        c.invokestatic(BITS, i.op == Op.BSF ? "scanForward" : "scanReverse", LONG_LONGS);
        if (size == 2) {
            frame.set(i.destination, 0, 2);
        } else {
            frame.store(i.destination);
        }
        if (flags) {
            c.lload(VALUE);
            frame.load(i.destination);
            c.invokestatic(BITS, "scanned", LONG_LONGS);
            c.lstore(R);
            frame.flags(FlagKind.of(FlagKind.LOGIC, 8));
        }
    }

    /** POPCNT, TZCNT and LZCNT. */
    void count(Instruction i, int size, boolean flags) {
        source(i, size);
        c.lload(VALUE);
        c.loadConstant(8 * size);
        c.invokestatic(
                BITS,
                switch (i.op) {
                    case Op.POPCNT -> "count";
                    case Op.TZCNT -> "trailingZeros";
                    default -> "leadingZeros";
                },
                LONG_LONG_INT);
        if (flags && i.op != Op.POPCNT) {
            c.dup2();
            c.lstore(R);
        }
        frame.setDestination(i, size);
        if (flags && i.op == Op.POPCNT) {
            unary("isNotZero", VALUE);
            c.lstore(R);
            frame.flags(FlagKind.ORDER);
        } else if (flags) {
            unary("carryIfZero", VALUE);
            canonical();
        }
    }

    private void unary(String method, int slot) {
        c.lload(slot);
        c.invokestatic(BITS, method, LONG_LONG);
    }

    /** Pops the carries; the result is in R. */
    private void canonical() {
        c.lstore(A);
        c.lconst_0();
        c.lstore(B);
        frame.flags(FlagKind.CANONICAL);
    }

    /** Pushes the register in VEX.vvvv. */
    private void other(Instruction i, int size) {
        frame.load(i.vvvv);
        frame.mask(-1L >>> 64 - 8 * size);
    }

    private void logic(Instruction i, int size, boolean flags) {
        if (flags) {
            c.dup2();
            c.lstore(R);
            frame.flags(FlagKind.of(FlagKind.LOGIC, size));
        }
        frame.setDestination(i, size);
    }

    void manipulate(Instruction i, int size, boolean flags) {
        source(i, size);
        switch (i.op) {
            case Op.ANDN -> {
                other(i, size);
                c.loadConstant(-1L);
                c.lxor();
                c.lload(VALUE);
                c.land();
                logic(i, size, flags);
            }
            case Op.BEXTR -> {
                c.lload(VALUE);
                other(i, size);
                c.invokestatic(BITS, "extract", LONG_LONGS);
                logic(i, size, flags);
            }
            case Op.BLSR, Op.BLSMSK, Op.BLSI -> lowestBit(i, size, flags);
            case Op.BZHI -> zeroHigh(i, size, flags);
            case Op.PDEP, Op.PEXT -> {
                other(i, size);
                c.lload(VALUE);
                c.invokestatic(LONG_CLASS, i.op == Op.PDEP ? "expand" : "compress", LONG_LONGS);
                frame.setDestination(i, size);
            }
            case Op.MULX -> multiply(i, size);
            case Op.RORX -> {
                c.lload(VALUE);
                rotate(i.operation, size);
                frame.setDestination(i, size);
            }
            default -> shift(i, size);
        }
    }

    private void lowestBit(Instruction i, int size, boolean flags) {
        c.lload(VALUE);
        c.lload(VALUE);
        if (i.op == Op.BLSI) {
            c.lneg();
            c.land();
        } else {
            frame.add(-1);
            if (i.op == Op.BLSR) {
                c.land();
            } else {
                c.lxor();
            }
        }
        if (flags) {
            c.dup2();
            frame.signExtend(size);
            c.lstore(R);
            unary(i.op == Op.BLSI ? "carryUnlessZero" : "carryIfZero", VALUE);
            canonical();
        }
        frame.set(i.vvvv, 0, size);
    }

    private void zeroHigh(Instruction i, int size, boolean flags) {
        other(i, size);
        c.lstore(EXTRA);
        c.lload(VALUE);
        c.lload(EXTRA);
        c.invokestatic(BITS, "zeroHigh", LONG_LONGS);
        if (flags) {
            c.dup2();
            frame.signExtend(size);
            c.lstore(R);
            c.lload(EXTRA);
            c.loadConstant(8 * size);
            c.invokestatic(BITS, "carryIfBeyond", LONG_LONG_INT);
            canonical();
        }
        frame.setDestination(i, size);
    }

    /** The high half is written last: it is what remains when both destinations are the same. */
    private void multiply(Instruction i, int size) {
        frame.load(Cpu.RDX);
        frame.mask(-1L >>> 64 - 8 * size);
        c.lstore(EXTRA);
        c.lload(EXTRA);
        c.lload(VALUE);
        c.lmul();
        frame.set(i.vvvv, 0, size);
        c.lload(EXTRA);
        c.lload(VALUE);
        if (size == 8) {
            c.invokestatic(RegionFrame.type(Math.class), "unsignedMultiplyHigh", LONG_LONGS);
        } else {
            c.lmul();
            c.loadConstant(32);
            c.lushr();
        }
        frame.setDestination(i, size);
    }

    private void rotate(int count, int size) {
        if (size == 8) {
            c.loadConstant(count);
            c.invokestatic(LONG_CLASS, "rotateRight", LONG_LONG_INT);
        } else {
            c.l2i();
            c.loadConstant(count);
            c.invokestatic(
                    INTEGER_CLASS, "rotateRight", MethodTypeDesc.of(RegionFrame.INT, RegionFrame.INT, RegionFrame.INT));
            c.i2l();
        }
    }

    /** SARX, SHLX, SHRX. */
    private void shift(Instruction i, int size) {
        c.lload(VALUE);
        if (i.op == Op.SARX) {
            frame.signExtend(size);
        }
        frame.load(i.vvvv);
        c.l2i();
        c.loadConstant(8 * size - 1);
        c.iand();
        switch (i.op) {
            case Op.SARX -> c.lshr();
            case Op.SHLX -> c.lshl();
            default -> c.lushr();
        }
        frame.setDestination(i, size);
    }

    private void swap(int size) {
        c.invokestatic(LONG_CLASS, "reverseBytes", LONG_LONG);
        if (size < 8) {
            c.loadConstant(64 - 8 * size);
            c.lushr();
        }
    }

    void loadSwapped(Instruction i, int size) {
        frame.readOperand(i, size);
        swap(size);
        frame.setDestination(i, size);
    }

    void storeSwapped(Instruction i, int size) {
        frame.address(i);
        frame.source(i);
        swap(size);
        frame.write(i, size);
    }

    /** CRC32. */
    void checksum(Instruction i) {
        source(i, i.operation);
        frame.load(i.destination);
        c.lload(VALUE);
        c.loadConstant(i.operation);
        c.invokestatic(
                RegionFrame.type(BitManipulationUnit.class),
                "checksum",
                MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONG, RegionFrame.INT));
        frame.store(i.destination);
    }
}
