// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.software.SimdForms.Form;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/**
 * Generates the bytecode of the SIMD instructions in {@link SimdForms}: one call of a static method each, after a memory
 * operand has been loaded to {@link FloatingPointState#LANE_SOURCE}. Whether SSE is enabled was checked when the region was
 * entered: {@link Region#usesSimd}.
 */
final class SimdWriter {
    private static final ClassDesc SIMD = RegionFrame.type(CompiledSimd.class);
    private static final ClassDesc BOOLEAN = ConstantDescs.CD_boolean;
    private static final ClassDesc VOID = ConstantDescs.CD_void;
    private static final ClassDesc LONG = RegionFrame.LONG;
    private static final ClassDesc INT = RegionFrame.INT;
    private static final ClassDesc LONGS = RegionFrame.LONGS;
    private static final int SOURCE = FloatingPointState.LANE_SOURCE;

    private static final MethodTypeDesc TRANSFER = MethodTypeDesc.of(
            ConstantDescs.CD_void, RegionFrame.LONG, RegionFrame.LONG, RegionFrame.LONGS, RegionFrame.INT);
    private static final MethodTypeDesc SET = MethodTypeDesc.of(VOID, LONG, LONGS, INT);
    private static final MethodTypeDesc INSERT = MethodTypeDesc.of(VOID, LONG, LONGS, INT, INT);
    private static final MethodTypeDesc ONE = MethodTypeDesc.of(VOID, LONGS, INT);
    private static final MethodTypeDesc TWO = MethodTypeDesc.of(VOID, LONGS, INT, INT);
    private static final MethodTypeDesc THREE = MethodTypeDesc.of(VOID, LONGS, INT, INT, INT);
    static final MethodTypeDesc COMBINE = MethodTypeDesc.of(LONG, LONGS, INT, INT);
    private static final ClassDesc BITS = RegionFrame.type(CompiledBits.class);
    private static final MethodTypeDesc BITS_TYPE = MethodTypeDesc.of(LONG, LONG);
    private static final MethodTypeDesc GET = MethodTypeDesc.of(LONG, LONGS, INT);
    private static final MethodTypeDesc EXTRACT = COMBINE;

    private static final MethodTypeDesc FLOAT = MethodTypeDesc.of(BOOLEAN, LONGS, INT, INT, RegionFrame.CPU);
    private static final MethodTypeDesc COMPARE = MethodTypeDesc.of(BOOLEAN, LONGS, INT, INT, INT, RegionFrame.CPU);
    private static final MethodTypeDesc ORDER = MethodTypeDesc.of(LONG, LONGS, INT, INT, RegionFrame.CPU);
    private static final MethodTypeDesc CONVERT = MethodTypeDesc.of(BOOLEAN, LONG, LONGS, INT, RegionFrame.CPU);
    private static final MethodTypeDesc TO_INTEGER = MethodTypeDesc.of(LONG, LONGS, INT, RegionFrame.CPU);

    private final RegionFrame frame;
    private final CodeBuilder c;
    private int reg;

    SimdWriter(RegionFrame frame) {
        this.frame = frame;
        this.c = frame.c;
    }

    private void vectors() {
        c.aload(RegionFrame.XMM);
    }

    private void call(Form form, MethodTypeDesc type) {
        c.invokestatic(RegionFrame.type(form.owner()), form.method(), type);
    }

    /** Generates one instruction. */
    void write(Instruction i, Form form) {
        write(i, form, i.reg);
    }

    /** The same with another vector register in the place of ModRM.reg, where that is one. */
    void write(Instruction i, Form form, int register) {
        reg = register;
        int immediate = (int) i.immediate & 0xFF;
        switch (form.shape()) {
            case LOAD, LOAD_ALIGNED -> load(i, reg, form.shape() == SimdForms.Shape.LOAD_ALIGNED);
            case STORE, STORE_ALIGNED -> store(i, form.shape() == SimdForms.Shape.STORE_ALIGNED);
            case STORE_LOW_32 -> storePart(i, 2 * reg, 4);
            case STORE_LOW_64 -> storePart(i, 2 * reg, 8);
            case STORE_HIGH_64 -> storePart(i, 2 * reg + 1, 8);
            case STORE_GENERAL -> {
                frame.address(i);
                frame.load(i.reg);
                frame.write(i, i.rexW ? 8 : 4);
            }
            case LOAD_32, LOAD_64 -> {
                frame.readOperand(i, form.shape() == SimdForms.Shape.LOAD_32 ? 4 : 8);
                vectors();
                c.loadConstant(reg);
                call(form, SET);
            }
            case FROM_GENERAL -> {
                general(i, i.rexW ? 8 : 4);
                vectors();
                c.loadConstant(reg);
                call(form, SET);
            }
            case TO_GENERAL -> toGeneral(i);
            case VECTOR, VECTOR_64 -> {
                if (!i.memory && reg == i.rm && form.method().equals("xor")) {
                    vectors();
                    c.loadConstant(reg);
                    c.invokestatic(SIMD, "clear", ONE);
                } else {
                    operands(i, form);
                    call(form, TWO);
                }
            }
            case REVERSED -> {
                vectors();
                c.loadConstant(i.rm);
                c.loadConstant(reg);
                call(form, TWO);
            }
            case IMMEDIATE -> {
                operands(i, form);
                c.loadConstant(immediate);
                call(form, THREE);
            }
            case EXTRA -> {
                operands(i, form);
                c.loadConstant(form.extra());
                call(form, THREE);
            }
            case SHIFT_BYTES -> {
                vectors();
                c.loadConstant(i.rm);
                c.loadConstant(immediate);
                call(form, TWO);
            }
            case SHIFT -> {
                vectors();
                c.loadConstant(i.rm);
                c.loadConstant(immediate);
                c.loadConstant(form.extra());
                call(form, THREE);
            }
            case INSERT_WORD -> {
                general(i, 2);
                vectors();
                c.loadConstant(reg);
                c.loadConstant(immediate);
                call(form, INSERT);
            }
            case EXTRACT_WORD -> {
                vectors();
                c.loadConstant(i.rm);
                c.loadConstant(immediate);
                call(form, EXTRACT);
                frame.store(i.reg);
            }
            case MASK -> {
                vectors();
                c.loadConstant(i.rm);
                call(form, GET);
                frame.store(i.reg);
            }
            case EXTRACT -> extract(i, form, immediate);
            case INSERT -> {
                general(i, form.extra());
                vectors();
                c.loadConstant(reg);
                c.loadConstant(immediate);
                c.loadConstant(form.extra());
                c.invokestatic(SIMD, form.method(), MethodTypeDesc.of(VOID, LONG, LONGS, INT, INT, INT));
            }
            case WIDEN -> {
                wideSource(i, PackedIntegerWide.extendedBytes(form.extra() & 15));
                vectors();
                c.loadConstant(reg);
                c.loadConstant(form.extra());
                call(form, INSERT);
            }
            case TEST -> {
                int source = source(i, form);
                for (String method : new String[] {"common", "beyond"}) {
                    vectors();
                    c.loadConstant(reg);
                    c.loadConstant(source);
                    c.invokestatic(SIMD, method, COMBINE);
                }
                testFlags();
            }
            default -> floating(i, form);
        }
    }

    private void extract(Instruction i, Form form, int immediate) {
        if (i.memory) {
            frame.address(i);
        }
        vectors();
        c.loadConstant(reg);
        c.loadConstant(immediate);
        c.loadConstant(form.extra());
        c.invokestatic(SIMD, form.method(), MethodTypeDesc.of(LONG, LONGS, INT, INT, INT));
        if (i.memory) {
            frame.write(i, form.extra());
        } else {
            frame.store(i.rm);
        }
    }

    /** Pushes the low bytes of a vector, or so many from memory. */
    void wideSource(Instruction i, int bytes) {
        if (i.memory) {
            frame.readOperand(i, bytes);
        } else {
            vectors();
            c.loadConstant(2 * i.rm);
            c.laload();
        }
    }

    /** Pops what the source has beyond the destination and what they have in common, and sets PTEST's flags. */
    void testFlags() {
        c.invokestatic(BITS, "carryIfZero", BITS_TYPE);
        c.lstore(RegionFrame.FLAG_A);
        c.invokestatic(BITS, "isNotZero", BITS_TYPE);
        c.lstore(RegionFrame.FLAG_R);
        // A result of zero has even parity, which shall not be told.
        c.loadConstant((long) FlagKind.INVERTED_PARITY);
        c.lload(RegionFrame.FLAG_R);
        c.loadConstant(8);
        c.lshl();
        c.lxor();
        c.lstore(RegionFrame.FLAG_B);
        frame.flags(FlagKind.CANONICAL);
    }

    /** What needs the interpreter where Java's arithmetic does not suffice, before anything changes. */
    private void floating(Instruction i, Form form) {
        switch (form.shape()) {
            case COMPARE_32, COMPARE_64, COMPARE_128 -> {
                operands(i, form);
                c.loadConstant((int) i.immediate & 0xFF);
                c.aload(RegionFrame.CPU_SLOT);
                call(form, COMPARE);
                c.ifeq(frame.retreat(i));
            }
            case ORDER_32, ORDER_64 -> {
                operands(i, form);
                c.aload(RegionFrame.CPU_SLOT);
                call(form, ORDER);
                c.lstore(RegionFrame.TEMPORARY);
                c.lload(RegionFrame.TEMPORARY);
                c.lconst_0();
                c.lcmp();
                c.iflt(frame.retreat(i));
                c.lload(RegionFrame.TEMPORARY);
                c.lstore(RegionFrame.FLAG_R);
                frame.flags(FlagKind.ORDER);
            }
            case CONVERT_GENERAL -> {
                general(i, i.rexW ? 8 : 4);
                vectors();
                c.loadConstant(reg);
                c.aload(RegionFrame.CPU_SLOT);
                call(form, CONVERT);
                c.ifeq(frame.retreat(i));
            }
            case TO_INTEGER_32, TO_INTEGER_64 -> {
                int source = source(i, form);
                vectors();
                c.loadConstant(source);
                c.aload(RegionFrame.CPU_SLOT);
                call(form, TO_INTEGER);
                c.lstore(RegionFrame.TEMPORARY);
                c.lload(RegionFrame.TEMPORARY);
                c.loadConstant(CompiledConversion.NO_INTEGER);
                c.lcmp();
                c.ifeq(frame.retreat(i));
                c.lload(RegionFrame.TEMPORARY);
                frame.store(i.reg);
            }
            default -> {
                operands(i, form);
                c.aload(RegionFrame.CPU_SLOT);
                call(form, FLOAT);
                c.ifeq(frame.retreat(i));
            }
        }
    }

    /** Pushes the vectors, the destination's number and the source's; memory is loaded first. */
    private void operands(Instruction i, Form form) {
        int source = source(i, form);
        vectors();
        c.loadConstant(reg);
        c.loadConstant(source);
    }

    /** The number of the register that the source is in; memory is loaded. */
    private int source(Instruction i, Form form) {
        if (!i.memory) {
            return i.rm;
        }
        switch (form.shape()) {
            case FLOAT_32, COMPARE_32, ORDER_32, TO_INTEGER_32 -> loadPart(i, 4);
            case VECTOR_64, FLOAT_64, COMPARE_64, ORDER_64, TO_INTEGER_64 -> loadPart(i, 8);
            default -> load(i, SOURCE, true);
        }
        return SOURCE;
    }

    private void load(Instruction i, int register, boolean aligned) {
        frame.address(i);
        frame.checkVector(i, 16, aligned, RegionFrame.READS);
        transfer(frame.ordered ? "loadOrdered" : "load", RegionFrame.READS, register);
    }

    private void store(Instruction i, boolean aligned) {
        frame.address(i);
        frame.checkVector(i, 16, aligned, RegionFrame.WRITES);
        transfer(frame.ordered ? "storeOrdered" : "store", RegionFrame.WRITES, reg);
    }

    private void transfer(String method, int table, int register) {
        c.lload(RegionFrame.LINEAR);
        c.lload(table);
        vectors();
        c.loadConstant(register);
        c.invokestatic(SIMD, method, TRANSFER);
    }

    /** Loads 4 or 8 bytes to the low half of {@link #SOURCE}. */
    private void loadPart(Instruction i, int size) {
        frame.readOperand(i, size);
        c.lstore(RegionFrame.TEMPORARY);
        vectors();
        c.loadConstant(2 * SOURCE);
        c.lload(RegionFrame.TEMPORARY);
        c.lastore();
    }

    private void storePart(Instruction i, int half, int size) {
        frame.address(i);
        vectors();
        c.loadConstant(half);
        c.laload();
        frame.write(i, size);
    }

    /** Pushes the general register or the memory operand, zero-extended. */
    private void general(Instruction i, int size) {
        if (i.memory) {
            frame.readOperand(i, size);
        } else {
            frame.load(i.rm);
            frame.mask(-1L >>> (64 - 8 * size));
        }
    }

    private void toGeneral(Instruction i) {
        int size = i.rexW ? 8 : 4;
        if (i.memory) {
            storePart(i, 2 * reg, size);
        } else {
            vectors();
            c.loadConstant(2 * reg);
            c.laload();
            frame.set(i.rm, 0, size);
        }
    }
}
