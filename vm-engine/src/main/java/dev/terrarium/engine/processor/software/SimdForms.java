// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import org.jspecify.annotations.Nullable;

/**
 * Which SIMD instructions compiled code executes itself, and how: a {@link Shape}, and for most the name of a method of
 * {@link CompiledSimd}, {@link CompiledFloat} or {@link CompiledConversion}. All others, MMX among them, are left to {@link SimdUnit}.
 */
final class SimdForms {
    /** What an instruction's operands are, and so what the method takes and gives. */
    enum Shape {
        /** 16 bytes of memory to a register: (address, reads, mmu, xmm, d, site, executed), and the vCPU if they must be aligned. */
        LOAD,
        LOAD_ALIGNED,
        /** The other way. */
        STORE,
        STORE_ALIGNED,
        /** The low 4 or 8 bytes or the high 8 bytes of a register to memory; no method. */
        STORE_LOW_32,
        STORE_LOW_64,
        STORE_HIGH_64,
        /** MOVNTI; no method. */
        STORE_GENERAL,
        /** 4 or 8 bytes of memory to a register: (value, xmm, d). */
        LOAD_32,
        LOAD_64,
        /** MOVD, MOVQ from a general register or memory: (value, xmm, d). */
        FROM_GENERAL,
        /** MOVD, MOVQ the other way; no method. */
        TO_GENERAL,
        /** (xmm, d, s), from a register or 16 aligned bytes of memory. */
        VECTOR,
        /** The same from 8 bytes of memory. */
        VECTOR_64,
        /** ModRM.rm is the destination: (xmm, d, s). */
        REVERSED,
        /** (xmm, d, s, immediate). */
        IMMEDIATE,
        /** (xmm, d, s, {@link Form#extra}). */
        EXTRA,
        /** ModRM.rm is the only operand: (xmm, d, immediate). */
        SHIFT_BYTES,
        /** The same: (xmm, d, immediate, extra). */
        SHIFT,
        /** From a general register or 2 bytes of memory: (value, xmm, d, immediate). */
        INSERT_WORD,
        /** To a general register: (xmm, s, immediate) gives the value. */
        EXTRACT_WORD,
        /** To a general register: (xmm, s) gives the value. */
        MASK,
        /** To a general register or memory: (xmm, s, immediate, size in bytes) gives the value; extra is the size. */
        EXTRACT,
        /** From a general register or memory: (value, xmm, d, immediate, size); extra is the size. */
        INSERT,
        /** From a register or the bytes of memory that the opcode, extra, widens: (value, xmm, d, opcode). */
        WIDEN,
        /** Two 128-bit values, compared bit by bit: ZF and CF. */
        TEST,
        /** From a register or 4 or 8 bytes or 16 aligned bytes of memory: (xmm, d, s, vCPU) tells whether it was done. */
        FLOAT_32,
        FLOAT_64,
        FLOAT_128,
        /** The same with the immediate: (xmm, d, s, immediate, vCPU). CMP and ROUND. */
        COMPARE_32,
        COMPARE_64,
        COMPARE_128,
        /** (xmm, d, s, vCPU) gives a {@link FlagKind#ORDER} or less than 0. */
        ORDER_32,
        ORDER_64,
        /** From a general register or memory: (value, xmm, d, vCPU) tells whether it was done. */
        CONVERT_GENERAL,
        /** To a general register from another or 4 or 8 bytes of memory: (xmm, s, vCPU) gives it or {@link CompiledConversion#NO_INTEGER}. */
        TO_INTEGER_32,
        TO_INTEGER_64
    }

    /** How one encoding is executed. */
    record Form(Shape shape, Class<?> owner, String method, int extra) {
        private Form(Shape shape, String method, int extra) {
            this(shape, CompiledSimd.class, method, extra);
        }

        /** May the interpreter be needed even without a memory operand? */
        boolean mayRetreat() {
            return shape.compareTo(Shape.FLOAT_32) >= 0;
        }

        /** Does it set the arithmetic flags? */
        boolean setsFlags() {
            return shape == Shape.ORDER_32 || shape == Shape.ORDER_64 || shape == Shape.TEST;
        }
    }

    private static final int NONE = 0;
    private static final int P66 = 1;
    private static final int F3 = 2;
    private static final int F2 = 3;
    private static final int REGISTER = 0;
    private static final int MEMORY = 1;

    /** By prefix, kind of operand and opcode of map 0F. */
    private static final @Nullable Form[] MAIN = new Form[4 * 2 * 256];

    /** One lane of VPBLENDD. */
    static final Form BLEND_DOUBLEWORDS = new Form(Shape.IMMEDIATE, "blendSingles", 0);

    private SimdForms() {}

    private static void put(int prefix, int operand, int opcode, Shape shape, String method, int extra) {
        MAIN[(prefix << 1 | operand) << 8 | opcode] = new Form(shape, method, extra);
    }

    private static void register(int prefix, int opcode, Shape shape, String method) {
        put(prefix, REGISTER, opcode, shape, method, 0);
    }

    private static void memory(int prefix, int opcode, Shape shape, String method) {
        put(prefix, MEMORY, opcode, shape, method, 0);
    }

    private static void both(int prefix, int opcode, Shape shape, String method) {
        register(prefix, opcode, shape, method);
        memory(prefix, opcode, shape, method);
    }

    private static void extra(int opcode, String method, int extra) {
        put(P66, REGISTER, opcode, Shape.EXTRA, method, extra);
        put(P66, MEMORY, opcode, Shape.EXTRA, method, extra);
    }

    static {
        moves();
        partialMoves();
        integers();
        rearrangements();
        arithmetic();
        conversions();
    }

    private static void moves() {
        for (int prefix = NONE; prefix <= P66; prefix++) {
            vectorMove(prefix, 0x10, 0x11, false);
            vectorMove(prefix, 0x28, 0x29, true);
            memory(prefix, 0x2B, Shape.STORE_ALIGNED, "storeAligned"); // MOVNTPS, MOVNTPD
        }
        vectorMove(P66, 0x6F, 0x7F, true);
        vectorMove(F3, 0x6F, 0x7F, false);
        memory(P66, 0xE7, Shape.STORE_ALIGNED, "storeAligned"); // MOVNTDQ
        memory(F2, 0xF0, Shape.LOAD, "load"); // LDDQU
        memory(NONE, 0xC3, Shape.STORE_GENERAL, "");
    }

    private static void vectorMove(int prefix, int load, int store, boolean aligned) {
        register(prefix, load, Shape.VECTOR, "copy");
        register(prefix, store, Shape.REVERSED, "copy");
        if (aligned) {
            memory(prefix, load, Shape.LOAD_ALIGNED, "loadAligned");
            memory(prefix, store, Shape.STORE_ALIGNED, "storeAligned");
        } else {
            memory(prefix, load, Shape.LOAD, "load");
            memory(prefix, store, Shape.STORE, "store");
        }
    }

    private static void partialMoves() {
        register(F3, 0x10, Shape.VECTOR, "copyLow32"); // MOVSS
        memory(F3, 0x10, Shape.LOAD_32, "setLow");
        register(F3, 0x11, Shape.REVERSED, "copyLow32");
        memory(F3, 0x11, Shape.STORE_LOW_32, "");
        register(F2, 0x10, Shape.VECTOR, "copyLow64"); // MOVSD
        memory(F2, 0x10, Shape.LOAD_64, "setLow");
        register(F2, 0x11, Shape.REVERSED, "copyLow64");
        memory(F2, 0x11, Shape.STORE_LOW_64, "");
        register(F3, 0x7E, Shape.VECTOR, "extendLow64"); // MOVQ
        memory(F3, 0x7E, Shape.LOAD_64, "setLow");
        register(P66, 0xD6, Shape.REVERSED, "extendLow64");
        memory(P66, 0xD6, Shape.STORE_LOW_64, "");
        register(NONE, 0x12, Shape.VECTOR, "highToLow"); // MOVHLPS
        register(NONE, 0x16, Shape.VECTOR, "lowToHigh"); // MOVLHPS
        for (int prefix = NONE; prefix <= P66; prefix++) {
            memory(prefix, 0x12, Shape.VECTOR_64, "copyLow64"); // MOVLPS, MOVLPD
            memory(prefix, 0x13, Shape.STORE_LOW_64, "");
            memory(prefix, 0x16, Shape.VECTOR_64, "lowToHigh"); // MOVHPS, MOVHPD
            memory(prefix, 0x17, Shape.STORE_HIGH_64, "");
        }
        both(F2, 0x12, Shape.VECTOR_64, "duplicateLow64");
        both(F3, 0x12, Shape.VECTOR, "duplicateEven");
        both(F3, 0x16, Shape.VECTOR, "duplicateOdd");
        both(P66, 0x6E, Shape.FROM_GENERAL, "setLow");
        both(P66, 0x7E, Shape.TO_GENERAL, "");
        both(P66, 0xC4, Shape.INSERT_WORD, "insertWord");
        register(P66, 0xC5, Shape.EXTRACT_WORD, "extractWord");
        register(P66, 0xD7, Shape.MASK, "byteTops");
        register(NONE, 0x50, Shape.MASK, "singleSigns");
        register(P66, 0x50, Shape.MASK, "doubleSigns");
    }

    private static void integers() {
        for (int opcode = 0; opcode < 256; opcode++) {
            if (PackedInteger.isElementwise(opcode)) {
                extra(opcode, "elementwise", opcode);
            }
        }
        for (int prefix = NONE; prefix <= P66; prefix++) {
            both(prefix, 0x54, Shape.VECTOR, "and");
            both(prefix, 0x55, Shape.VECTOR, "andNot");
            both(prefix, 0x56, Shape.VECTOR, "or");
            both(prefix, 0x57, Shape.VECTOR, "xor");
        }
        both(P66, 0xDB, Shape.VECTOR, "and");
        both(P66, 0xDF, Shape.VECTOR, "andNot");
        both(P66, 0xEB, Shape.VECTOR, "or");
        both(P66, 0xEF, Shape.VECTOR, "xor");
        both(P66, 0xFC, Shape.VECTOR, "add8");
        both(P66, 0xFE, Shape.VECTOR, "add32");
        both(P66, 0xD4, Shape.VECTOR, "add64");
        both(P66, 0xF8, Shape.VECTOR, "subtract8");
        both(P66, 0xFB, Shape.VECTOR, "subtract64");
        both(P66, 0x74, Shape.VECTOR, "equal8");
        both(P66, 0x76, Shape.VECTOR, "equal32");
        both(P66, 0xDA, Shape.VECTOR, "minimum8");
        both(P66, 0xDE, Shape.VECTOR, "maximum8");
        both(P66, 0xF4, Shape.VECTOR, "multiply32");
        for (int opcode : new int[] {0xD1, 0xD2, 0xD3, 0xE1, 0xE2, 0xF1, 0xF2, 0xF3}) {
            extra(opcode, "shift", opcode);
        }
    }

    private static void rearrangements() {
        for (int step = 0; step < 3; step++) {
            extra(0x60 + step, "interleaveLow", 8 << step);
            extra(0x68 + step, "interleaveHigh", 8 << step);
        }
        for (int operand = REGISTER; operand <= MEMORY; operand++) {
            put(NONE, operand, 0x14, Shape.EXTRA, "interleaveLow", 32); // UNPCKLPS
            put(NONE, operand, 0x15, Shape.EXTRA, "interleaveHigh", 32);
        }
        both(P66, 0x14, Shape.VECTOR, "lowToHigh"); // UNPCKLPD
        both(P66, 0x15, Shape.VECTOR, "highHalves");
        both(P66, 0x6C, Shape.VECTOR, "lowToHigh"); // PUNPCKLQDQ
        both(P66, 0x6D, Shape.VECTOR, "highHalves");
        for (int opcode : new int[] {0x63, 0x67, 0x6B}) {
            extra(opcode, "pack", opcode);
        }
        both(P66, 0x70, Shape.IMMEDIATE, "shuffle32");
        both(F2, 0x70, Shape.IMMEDIATE, "shuffleLowWords");
        both(F3, 0x70, Shape.IMMEDIATE, "shuffleHighWords");
        both(NONE, 0xC6, Shape.IMMEDIATE, "shuffleSingles");
        both(P66, 0xC6, Shape.IMMEDIATE, "shuffleDoubles");
    }

    private static void floating(Class<?> owner, int prefix, int opcode, Shape shape, String method) {
        Form form = new Form(shape, owner, method, 0);
        MAIN[(prefix << 1 | REGISTER) << 8 | opcode] = form;
        MAIN[(prefix << 1 | MEMORY) << 8 | opcode] = form;
    }

    private static void arithmetic(int opcode, String operation) {
        floating(CompiledFloat.class, F3, opcode, Shape.FLOAT_32, operation + "Single");
        floating(CompiledFloat.class, F2, opcode, Shape.FLOAT_64, operation + "Double");
        floating(CompiledFloat.class, NONE, opcode, Shape.FLOAT_128, operation + "Singles");
        floating(CompiledFloat.class, P66, opcode, Shape.FLOAT_128, operation + "Doubles");
    }

    private static void arithmetic() {
        arithmetic(0x51, "squareRoot");
        arithmetic(0x58, "add");
        arithmetic(0x59, "multiply");
        arithmetic(0x5C, "subtract");
        arithmetic(0x5D, "minimum");
        arithmetic(0x5E, "divide");
        arithmetic(0x5F, "maximum");
    }

    private static void conversions() {
        Class<?> owner = CompiledConversion.class;
        floating(owner, F3, 0x5A, Shape.FLOAT_32, "singleToDouble");
        floating(owner, F2, 0x5A, Shape.FLOAT_64, "doubleToSingle");
        floating(owner, NONE, 0x5A, Shape.FLOAT_64, "singlesToDoubles");
        floating(owner, P66, 0x5A, Shape.FLOAT_128, "doublesToSingles");
        floating(owner, NONE, 0x5B, Shape.FLOAT_128, "intsToSingles");
        floating(owner, P66, 0x5B, Shape.FLOAT_128, "singlesToInts");
        floating(owner, F3, 0x5B, Shape.FLOAT_128, "singlesTruncatedToInts");
        floating(owner, F3, 0xE6, Shape.VECTOR_64, "intsToDoubles");
        floating(owner, F3, 0xC2, Shape.COMPARE_32, "compareSingle");
        floating(owner, F2, 0xC2, Shape.COMPARE_64, "compareDouble");
        floating(owner, NONE, 0xC2, Shape.COMPARE_128, "compareSingles");
        floating(owner, P66, 0xC2, Shape.COMPARE_128, "compareDoubles");
        floating(owner, NONE, 0x2E, Shape.ORDER_32, "orderSingles");
        floating(owner, NONE, 0x2F, Shape.ORDER_32, "orderSingles");
        floating(owner, P66, 0x2E, Shape.ORDER_64, "order");
        floating(owner, P66, 0x2F, Shape.ORDER_64, "order");
    }

    /** Conversions between floating-point numbers and general registers of 32 or 64 bits. */
    private static @Nullable Form general(Instruction i, int prefix) {
        if (prefix != F3 && prefix != F2) {
            return null;
        }
        boolean isDouble = prefix == F2;
        String integer = i.rexW ? "long" : "int";
        if (i.opcode == 0x2A) {
            boolean exact = isDouble && !i.rexW;
            Shape shape = exact ? Shape.FROM_GENERAL : Shape.CONVERT_GENERAL;
            return new Form(shape, CompiledConversion.class, integer + (isDouble ? "ToDouble" : "ToSingle"), 0);
        }
        String method = (isDouble ? "double" : "single")
                + (i.opcode == 0x2C ? "TruncatedTo" : "To")
                + (i.rexW ? "Long" : "Int");
        return new Form(isDouble ? Shape.TO_INTEGER_64 : Shape.TO_INTEGER_32, CompiledConversion.class, method, 0);
    }

    /** How compiled code executes the instruction; null if it does not. */
    static @Nullable Form of(Instruction i) {
        return i.op == Op.SIMD ? ofEncoding(i) : null;
    }

    /** The same by prefixes, map and opcode alone: for the lane of an AVX instruction. */
    static @Nullable Form ofEncoding(Instruction i) {
        return switch (i.map) {
            case Instruction.MAP_0F -> main(i);
            case Instruction.MAP_0F38 -> i.operandSizePrefix && i.repeat == 0 ? supplemental(i) : null;
            case Instruction.MAP_0F3A -> i.operandSizePrefix && i.repeat == 0 ? immediate(i) : null;
            default -> null;
        };
    }

    private static @Nullable Form main(Instruction i) {
        int prefix = i.repeat == 0xF3 ? F3 : i.repeat == 0xF2 ? F2 : i.operandSizePrefix ? P66 : NONE;
        if (i.opcode >= 0x71 && i.opcode <= 0x73) {
            return prefix == P66 && !i.memory ? shift(i) : null;
        }
        if (i.opcode == 0x2A || i.opcode == 0x2C || i.opcode == 0x2D) {
            return general(i, prefix);
        }
        return MAIN[(prefix << 1 | (i.memory ? MEMORY : REGISTER)) << 8 | i.opcode];
    }

    private static @Nullable Form supplemental(Instruction i) {
        int opcode = i.opcode;
        if (PackedInteger.isElementwise38(opcode)) {
            return new Form(Shape.EXTRA, "elementwise38", opcode);
        }
        return switch (opcode) {
            case 0x00 -> new Form(Shape.VECTOR, "shuffleBytes", 0);
            case 0x10 -> new Form(Shape.EXTRA, "blend", 8);
            case 0x14 -> new Form(Shape.EXTRA, "blend", 32);
            case 0x15 -> new Form(Shape.EXTRA, "blend", 64);
            case 0x17 -> new Form(Shape.TEST, "", 0);
            case 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35 ->
                new Form(Shape.WIDEN, "widen", opcode);
            case 0x28, 0x29, 0x37, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x40 ->
                new Form(Shape.EXTRA, "elementwise41", opcode);
            case 0x2A -> i.memory ? new Form(Shape.LOAD_ALIGNED, "load", 0) : null;
            case 0x2B -> new Form(Shape.VECTOR, "packUnsigned", 0);
            default -> null;
        };
    }

    private static @Nullable Form immediate(Instruction i) {
        int wide = i.rexW ? 8 : 4;
        return switch (i.opcode) {
            case 0x08 -> new Form(Shape.COMPARE_128, CompiledConversion.class, "roundSingles", 0);
            case 0x09 -> new Form(Shape.COMPARE_128, CompiledConversion.class, "roundDoubles", 0);
            case 0x0A -> new Form(Shape.COMPARE_32, CompiledConversion.class, "roundSingle", 0);
            case 0x0B -> new Form(Shape.COMPARE_64, CompiledConversion.class, "roundDouble", 0);
            case 0x0C -> new Form(Shape.IMMEDIATE, "blendSingles", 0);
            case 0x0D -> new Form(Shape.IMMEDIATE, "blendDoubles", 0);
            case 0x0E -> new Form(Shape.IMMEDIATE, "blendWords", 0);
            case 0x0F -> new Form(Shape.IMMEDIATE, "align", 0);
            case 0x14 -> new Form(Shape.EXTRACT, "extract", 1);
            case 0x15 -> new Form(Shape.EXTRACT, "extract", 2);
            case 0x16 -> new Form(Shape.EXTRACT, "extract", wide);
            case 0x17 -> new Form(Shape.EXTRACT, "extract", 4);
            case 0x20 -> new Form(Shape.INSERT, "insert", 1);
            case 0x22 -> new Form(Shape.INSERT, "insert", wide);
            default -> null;
        };
    }

    /** The shifts by an immediate count; {@link Form#extra} is the opcode of the same shift by a register. */
    private static @Nullable Form shift(Instruction i) {
        int width = i.opcode & 3;
        return switch (i.extension()) {
            case 2 -> new Form(Shape.SHIFT, "shiftImmediate", 0xD0 + width);
            case 3 -> width == 3 ? new Form(Shape.SHIFT_BYTES, "shiftRightBytes", 0) : null;
            case 4 -> width != 3 ? new Form(Shape.SHIFT, "shiftImmediate", 0xE0 + width) : null;
            case 6 -> new Form(Shape.SHIFT, "shiftImmediate", 0xF0 + width);
            case 7 -> width == 3 ? new Form(Shape.SHIFT_BYTES, "shiftLeftBytes", 0) : null;
            default -> null;
        };
    }
}
