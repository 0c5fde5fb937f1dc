// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.software.SimdForms.Form;
import dev.terrarium.engine.processor.software.SimdForms.Shape;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Objects;

/**
 * Generates the AVX instructions of {@link AvxForms}: the SSE instruction's method on the lower halves of the registers and,
 * for 256 bits, again on the upper ones, which 128-bit instructions clear. AVX may be disabled while SSE is not, so each asks
 * whether it is.
 */
final class AvxWriter {
    private static final ClassDesc SIMD = RegionFrame.type(CompiledSimd.class);
    private static final ClassDesc VOID = ConstantDescs.CD_void;
    private static final ClassDesc LONG = RegionFrame.LONG;
    private static final ClassDesc INT = RegionFrame.INT;
    private static final ClassDesc LONGS = RegionFrame.LONGS;
    private static final MethodTypeDesc TRANSFER = MethodTypeDesc.of(VOID, LONG, LONG, LONGS, INT);
    private static final MethodTypeDesc SET = MethodTypeDesc.of(VOID, LONG, LONGS, INT);
    private static final MethodTypeDesc ONE = MethodTypeDesc.of(VOID, LONGS, INT);
    private static final MethodTypeDesc TWO = MethodTypeDesc.of(VOID, LONGS, INT, INT);
    private static final MethodTypeDesc THREE = MethodTypeDesc.of(VOID, LONGS, INT, INT, INT);
    private static final int LOW = RegionFrame.XMM;
    private static final int HIGH = RegionFrame.UPPER;
    private static final int RESULT = FloatingPointState.LANE_RESULT;
    private static final int SOURCE = FloatingPointState.LANE_SOURCE;
    private static final int VALUE = RegionFrame.TEMPORARY_2;
    private static final int LANE_BYTES = 16;

    private final RegionFrame frame;
    private final CodeBuilder c;
    private final SimdWriter sse;

    AvxWriter(RegionFrame frame, SimdWriter sse) {
        this.frame = frame;
        this.c = frame.c;
        this.sse = sse;
    }

    void write(Instruction i) {
        c.iload(RegionFrame.AVX);
        c.ifeq(frame.retreat(i));
        switch (i.operation) {
            case AvxSelector.LOAD -> load(i);
            case AvxSelector.STORE -> store(i);
            case AvxSelector.MOVE_MASK -> moveMask(i);
            case AvxSelector.ZERO -> {
                c.aload(HIGH);
                c.invokestatic(SIMD, "clearAll", MethodTypeDesc.of(VOID, LONGS));
            }
            case AvxSelector.TEST -> test(i);
            case AvxSelector.REARRANGE -> rearrange(i);
            case AvxSelector.FUSED -> fuse(i);
            case AvxSelector.PLAIN -> sse.write(i, form(i));
            case AvxSelector.PLAIN_VECTOR -> {
                sse.write(i, form(i));
                clear(HIGH, i.reg);
            }
            case AvxSelector.SCALAR -> {
                copy(LOW, RESULT, i.vvvv);
                sse.write(i, form(i), RESULT);
                copy(LOW, i.reg, RESULT);
                clear(HIGH, i.reg);
            }
            case AvxSelector.SHIFT_COUNT -> shiftByCount(i);
            case AvxSelector.SHIFT_IMMEDIATE -> shiftByImmediate(i);
            case AvxSelector.WIDEN -> widen(i);
            default -> lanes(i, i.operation == AvxSelector.LANES_3, source(i));
        }
    }

    private static Form form(Instruction i) {
        return Objects.requireNonNull(AvxForms.lane(i));
    }

    // ---- registers and memory

    private void copy(int array, int d, int s) {
        if (d != s) {
            c.aload(array);
            c.loadConstant(d);
            c.loadConstant(s);
            c.invokestatic(SIMD, "copy", TWO);
        }
    }

    private void move(int from, int s, int to, int d) {
        c.aload(from);
        c.loadConstant(s);
        c.aload(to);
        c.loadConstant(d);
        c.invokestatic(SIMD, "move", MethodTypeDesc.of(VOID, LONGS, INT, LONGS, INT));
    }

    private void clear(int array, int d) {
        c.aload(array);
        c.loadConstant(d);
        c.invokestatic(SIMD, "clear", ONE);
    }

    /** Moves 16 bytes, {@code offset} bytes from {@link RegionFrame#LINEAR}. */
    private void transfer(String method, int offset, int table, int array, int register) {
        boolean stores = table == RegionFrame.WRITES;
        if (stores) {
            frame.fence("releaseFence");
        }
        c.lload(RegionFrame.LINEAR);
        frame.add(offset);
        c.lload(table);
        c.aload(array);
        c.loadConstant(register);
        c.invokestatic(SIMD, method, TRANSFER);
        if (!stores) {
            frame.fence("acquireFence");
        }
    }

    /** Loads one lane, or two, from memory. */
    private void loadMemory(Instruction i, int register, boolean wide, boolean aligned) {
        frame.address(i);
        frame.checkVector(i, wide ? 2 * LANE_BYTES : LANE_BYTES, aligned, RegionFrame.READS);
        transfer("load", 0, RegionFrame.READS, LOW, register);
        if (wide) {
            transfer("load", LANE_BYTES, RegionFrame.READS, HIGH, register);
        }
    }

    /** The number of the register that the source is in; memory is loaded. */
    private int source(Instruction i) {
        if (!i.memory) {
            return i.rm;
        }
        loadMemory(i, SOURCE, i.vexL, false);
        return SOURCE;
    }

    private void finishUpper(Instruction i, int d, int s) {
        if (i.vexL) {
            copy(HIGH, d, s);
        } else {
            clear(HIGH, d);
        }
    }

    private void load(Instruction i) {
        if (i.memory) {
            loadMemory(i, i.reg, i.vexL, AvxUnit.isAligned(i));
            if (!i.vexL) {
                clear(HIGH, i.reg);
            }
        } else {
            copy(LOW, i.reg, i.rm);
            finishUpper(i, i.reg, i.rm);
        }
    }

    private void store(Instruction i) {
        if (!i.memory) {
            copy(LOW, i.rm, i.reg);
            finishUpper(i, i.rm, i.reg);
            return;
        }
        frame.address(i);
        frame.checkVector(i, i.vexL ? 2 * LANE_BYTES : LANE_BYTES, AvxUnit.isAligned(i), RegionFrame.WRITES);
        transfer("store", 0, RegionFrame.WRITES, LOW, i.reg);
        if (i.vexL) {
            transfer("store", LANE_BYTES, RegionFrame.WRITES, HIGH, i.reg);
        }
    }

    // ---- lanes

    /** Both lanes in turn; what may retreat is computed beside the destination first. */
    private void lanes(Instruction i, boolean three, int s) {
        Form form = form(i);
        int d = i.reg;
        if (three && s == i.vvvv && form.method().equals("xor")) {
            clear(LOW, d);
            clear(HIGH, d);
            return;
        }
        boolean beside = form.mayRetreat() || three && d == s && d != i.vvvv;
        int target = beside ? RESULT : d;
        lane(i, form, LOW, target, s, three, 0);
        if (i.vexL) {
            lane(i, form, HIGH, target, s, three, AvxUnit.upperImmediate(i));
        }
        copy(LOW, d, target);
        finishUpper(i, d, i.vexL ? target : d);
    }

    private void lane(Instruction i, Form form, int array, int d, int s, boolean three, int shift) {
        if (three) {
            copy(array, d, i.vvvv);
        }
        int immediate = (int) (i.immediate >>> shift) & 0xFF;
        c.aload(array);
        c.loadConstant(d);
        c.loadConstant(s);
        ClassDesc owner = RegionFrame.type(form.owner());
        switch (form.shape()) {
            case IMMEDIATE -> {
                c.loadConstant(immediate);
                c.invokestatic(owner, form.method(), THREE);
            }
            case EXTRA -> {
                c.loadConstant(form.extra());
                c.invokestatic(owner, form.method(), THREE);
            }
            case FLOAT_128 -> {
                c.aload(RegionFrame.CPU_SLOT);
                c.invokestatic(
                        owner,
                        form.method(),
                        MethodTypeDesc.of(ConstantDescs.CD_boolean, LONGS, INT, INT, RegionFrame.CPU));
                c.ifeq(frame.retreat(i));
            }
            case COMPARE_128 -> {
                c.loadConstant(immediate);
                c.aload(RegionFrame.CPU_SLOT);
                c.invokestatic(
                        owner,
                        form.method(),
                        MethodTypeDesc.of(ConstantDescs.CD_boolean, LONGS, INT, INT, INT, RegionFrame.CPU));
                c.ifeq(frame.retreat(i));
            }
            default -> c.invokestatic(owner, form.method(), TWO);
        }
    }

    /** The count is in the low lane's quadword for both. */
    private void shiftByCount(Instruction i) {
        if (i.memory) {
            loadMemory(i, SOURCE, false, false);
        } else {
            copy(LOW, SOURCE, i.rm);
        }
        if (i.vexL) {
            move(LOW, SOURCE, HIGH, SOURCE);
        }
        lanes(i, true, SOURCE);
    }

    /** The SSE form works on its source register; the destination is VEX.vvvv. */
    private void shiftByImmediate(Instruction i) {
        Form form = form(i);
        int immediate = (int) i.immediate & 0xFF;
        copy(LOW, i.vvvv, i.rm);
        finishUpper(i, i.vvvv, i.rm);
        for (int array : i.vexL ? new int[] {LOW, HIGH} : new int[] {LOW}) {
            c.aload(array);
            c.loadConstant(i.vvvv);
            c.loadConstant(immediate);
            if (form.shape() == Shape.SHIFT) {
                c.loadConstant(form.extra());
                c.invokestatic(SIMD, form.method(), THREE);
            } else {
                c.invokestatic(SIMD, form.method(), TWO);
            }
        }
    }

    /** VPMOVSX, VPMOVZX: the upper lane's elements follow the lower's. */
    private void widen(Instruction i) {
        Form form = form(i);
        int bytes = PackedIntegerWide.extendedBytes(form.extra() & 15);
        MethodTypeDesc type = MethodTypeDesc.of(VOID, LONG, LONGS, INT, INT);
        if (!i.vexL) {
            sse.wideSource(i, bytes);
            c.aload(LOW);
            c.loadConstant(i.reg);
            c.loadConstant(form.extra());
            c.invokestatic(SIMD, form.method(), type);
            clear(HIGH, i.reg);
            return;
        }
        int s = i.rm;
        if (i.memory && bytes == 8) {
            s = SOURCE;
            loadMemory(i, s, false, false);
        } else if (i.memory) {
            s = SOURCE;
            frame.readOperand(i, 2 * bytes);
            c.aload(LOW);
            c.loadConstant(s);
            c.invokestatic(SIMD, "setLow", SET);
        }
        quadword(LOW, bytes == 8 ? 2 * s + 1 : 2 * s);
        if (bytes != 8) {
            c.loadConstant(8 * bytes);
            c.lushr();
        }
        c.aload(HIGH);
        c.loadConstant(i.reg);
        c.loadConstant(form.extra());
        c.invokestatic(SIMD, form.method(), type);
        quadword(LOW, 2 * s);
        c.aload(LOW);
        c.loadConstant(i.reg);
        c.loadConstant(form.extra());
        c.invokestatic(SIMD, form.method(), type);
    }

    private void quadword(int array, int index) {
        c.aload(array);
        c.loadConstant(index);
        c.laload();
    }

    private void moveMask(Instruction i) {
        String method = i.opcode == 0xD7 ? "byteTops" : i.operandSizePrefix ? "doubleSigns" : "singleSigns";
        int count = i.opcode == 0xD7 ? 16 : i.operandSizePrefix ? 2 : 4;
        MethodTypeDesc type = MethodTypeDesc.of(LONG, LONGS, INT);
        c.aload(LOW);
        c.loadConstant(i.rm);
        c.invokestatic(SIMD, method, type);
        if (i.vexL) {
            c.aload(HIGH);
            c.loadConstant(i.rm);
            c.invokestatic(SIMD, method, type);
            c.loadConstant(count);
            c.lshl();
            c.lor();
        }
        frame.store(i.reg);
    }

    /** VPTEST. */
    private void test(Instruction i) {
        int s = source(i);
        for (String method : new String[] {"common", "beyond"}) {
            combine(method, LOW, i.reg, s);
            if (i.vexL) {
                combine(method, HIGH, i.reg, s);
                c.lor();
            }
        }
        sse.testFlags();
    }

    private void combine(String method, int array, int d, int s) {
        c.aload(array);
        c.loadConstant(d);
        c.loadConstant(s);
        c.invokestatic(SIMD, method, SimdWriter.COMBINE);
    }

    // ---- broadcasts and lanes as wholes

    private void rearrange(Instruction i) {
        if (i.map == Instruction.MAP_0F38) {
            switch (i.opcode) {
                case 0x1A, 0x5A -> {
                    loadMemory(i, i.reg, false, false);
                    move(LOW, i.reg, HIGH, i.reg);
                }
                case 0x78 -> broadcast(i, 1);
                case 0x79 -> broadcast(i, 2);
                case 0x18, 0x58 -> broadcast(i, 4);
                default -> broadcast(i, 8);
            }
            return;
        }
        switch (i.opcode) {
            case 0x00, 0x01 -> permute(i, false);
            case 0x02 -> lanes(i, true, source(i));
            case 0x06, 0x46 -> permute(i, true);
            case 0x18, 0x38 -> insertLane(i);
            default -> extractLane(i);
        }
    }

    /** VPERMQ, VPERMPD; or VPERM2F128, VPERM2I128. */
    private void permute(Instruction i, boolean two) {
        int s = source(i);
        c.aload(LOW);
        c.aload(HIGH);
        c.loadConstant(i.reg);
        if (two) {
            c.loadConstant(i.vvvv);
        }
        c.loadConstant(s);
        c.loadConstant((int) i.immediate & 0xFF);
        if (two) {
            c.invokestatic(SIMD, "permuteLanes", MethodTypeDesc.of(VOID, LONGS, LONGS, INT, INT, INT, INT));
        } else {
            c.invokestatic(SIMD, "permute", MethodTypeDesc.of(VOID, LONGS, LONGS, INT, INT, INT));
        }
    }

    /** The digit of the opcode says which of the three operands are multiplied, the other one what is done. */
    private void fuse(Instruction i) {
        int kind = i.opcode & 15;
        boolean scalar = (kind & 1) != 0;
        int s = i.rm;
        if (i.memory && scalar) {
            s = SOURCE;
            frame.readOperand(i, i.vexW ? 8 : 4);
            c.aload(LOW);
            c.loadConstant(s);
            c.invokestatic(SIMD, "setLow", SET);
        } else {
            s = source(i);
        }
        int target = i.vexL ? RESULT : i.reg;
        fuse(i, s, LOW, target);
        if (i.vexL) {
            fuse(i, s, HIGH, target);
            copy(LOW, i.reg, target);
        }
        finishUpper(i, i.reg, target);
    }

    private void fuse(Instruction i, int s, int array, int d) {
        int kind = i.opcode & 15;
        int[] operands =
                switch (i.opcode >>> 4) {
                    case 9 -> new int[] {i.reg, s, i.vvvv};
                    case 10 -> new int[] {i.vvvv, i.reg, s};
                    default -> new int[] {i.vvvv, s, i.reg};
                };
        c.aload(array);
        c.loadConstant(d);
        for (int operand : operands) {
            c.loadConstant(operand);
        }
        int product = kind >= 12 ? CompiledFused.NEGATE_PRODUCT : 0;
        c.loadConstant(product | ((kind & 2) != 0 ? CompiledFused.NEGATE_ADDEND : 0));
        c.aload(RegionFrame.CPU_SLOT);
        String method = (kind & 1) == 0 ? "fuseDoubles" : i.vexW ? "fuseDouble" : "fuseSingle";
        c.invokestatic(
                RegionFrame.type(CompiledFused.class),
                method,
                MethodTypeDesc.of(ConstantDescs.CD_boolean, LONGS, INT, INT, INT, INT, INT, RegionFrame.CPU));
        c.ifeq(frame.retreat(i));
    }

    private void broadcast(Instruction i, int size) {
        sse.wideSource(i, size);
        c.loadConstant(size);
        c.invokestatic(SIMD, "repeat", MethodTypeDesc.of(LONG, LONG, INT));
        c.lstore(VALUE);
        fill(LOW, i.reg);
        if (i.vexL) {
            fill(HIGH, i.reg);
        } else {
            clear(HIGH, i.reg);
        }
    }

    private void fill(int array, int register) {
        c.lload(VALUE);
        c.aload(array);
        c.loadConstant(register);
        c.invokestatic(SIMD, "fill", SET);
    }

    /** VINSERTF128, VINSERTI128. */
    private void insertLane(Instruction i) {
        int s = i.rm;
        if (i.memory) {
            s = SOURCE;
            loadMemory(i, s, false, false);
        }
        if ((i.immediate & 1) != 0) {
            move(LOW, s, HIGH, i.reg);
            copy(LOW, i.reg, i.vvvv);
        } else {
            copy(HIGH, i.reg, i.vvvv);
            copy(LOW, i.reg, s);
        }
    }

    /** VEXTRACTF128, VEXTRACTI128. */
    private void extractLane(Instruction i) {
        int from = (i.immediate & 1) != 0 ? HIGH : LOW;
        if (i.memory) {
            frame.address(i);
            frame.checkVector(i, LANE_BYTES, false, RegionFrame.WRITES);
            transfer("store", 0, RegionFrame.WRITES, from, i.reg);
        } else {
            move(from, i.reg, LOW, i.rm);
            clear(HIGH, i.rm);
        }
    }
}
