// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Random test sequences and the states they start from. Mostly valid: pointers point into the scratch area and are seldom
 * overwritten, floating-point operands favour what is special, exceptions are mostly masked.
 *
 * <p>Registers: RBX, RBP, RSI, RDI, R12, R13 are pointers, R10 (EBP in 32-bit code) a small index, RSP a stack in the
 * scratch area, the others anything.
 */
final class OracleGenerator {
    private static final int CF = Cpu.FLAG_CF;
    private static final int PF = Cpu.FLAG_PF;
    private static final int AF = Cpu.FLAG_AF;
    private static final int ZF = Cpu.FLAG_ZF;
    private static final int SF = Cpu.FLAG_SF;
    private static final int OF = Cpu.FLAG_OF;
    private static final int ALL = Cpu.ARITHMETIC_FLAGS;

    private static final int[] FREE_64 = {0, 1, 2, 8, 9, 11, 14, 15};
    private static final int[] FREE_32 = {0, 1, 2};
    private static final int[] POINTERS_64 = {3, 5, 6, 7, 12, 13};
    private static final int[] POINTERS_32 = {3, 6, 7};
    private static final int SMALL_64 = 10;
    private static final int SMALL_32 = 5;

    private static final int[] SIMD_OPCODES =
            range(0x10, 0x17, 0x28, 0x2F, 0x50, 0x76, 0x7C, 0x7F, 0xC2, 0xC2, 0xC4, 0xC6, 0xD0, 0xFE);
    private static final int[] SSSE3_OPCODES = range(0, 0xB, 0x1C, 0x1E);

    private final Random random;
    private final boolean wide;
    private FeatureSet features = FeatureSet.X86_64_V1;
    private boolean approximations = true;
    private final ExtensionGenerator extensions = new ExtensionGenerator(this);
    private ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int undefined;

    /**
     * Makes one program's generator.
     *
     * @param compatibility whether 32-bit programs may come out
     */
    OracleGenerator(long seed, long program, boolean compatibility) {
        random = new Random(seed ^ (program + 1) * 0x9E37_79B9_7F4A_7C15L);
        wide = !compatibility || !chance(4);
    }

    /**
     * Lets instructions of these extensions come out too.
     *
     * @param newApproximations whether RCPSS, RSQRTSS and what else vendors do differently may
     */
    void extendTo(FeatureSet newFeatures, boolean newApproximations) {
        features = newFeatures;
        approximations = newApproximations;
    }

    boolean wide() {
        return wide;
    }

    boolean approximates() {
        return approximations;
    }

    boolean has(int feature) {
        return features.has(feature);
    }

    void leaveUndefined(int flags) {
        undefined = flags;
    }

    static int[] range(int... bounds) {
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < bounds.length; i += 2) {
            for (int value = bounds[i]; value <= bounds[i + 1]; value++) {
                all.add(value);
            }
        }
        return all.stream().mapToInt(Integer::intValue).toArray();
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    boolean chance(int oneIn) {
        return below(oneIn) == 0;
    }

    int pick(int... values) {
        return values[below(values.length)];
    }

    // ---- states

    long integer() {
        return switch (below(10)) {
            case 0 -> below(3) - 1;
            case 1 -> pick(0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000);
            case 2 -> 0x7FFF_FFFFL + below(3);
            case 3 -> Long.MIN_VALUE + below(3) - 1;
            case 4 -> below(256);
            case 5 -> random.nextInt();
            default -> random.nextLong();
        };
    }

    private long doubleBits() {
        long sign = (long) below(2) << 63;
        return switch (below(12)) {
            case 0 -> sign;
            case 1 -> 0x7FF0_0000_0000_0000L | sign;
            case 2 -> 0x7FF8_0000_0000_0000L | (random.nextLong() & 0x800F_FFFF_FFFF_FFFFL);
            case 3 -> 0x7FF0_0000_0000_0001L | (random.nextLong() & 0x8007_FFFF_FFFF_FFFFL);
            case 4 -> random.nextLong() & 0x800F_FFFF_FFFF_FFFFL;
            case 5, 6 -> Double.doubleToRawLongBits((below(2000) - 1000) / 8.0);
            case 7 -> (0x3FF0_0000_0000_0000L + below(64) - 32) | sign;
            case 8 -> Double.doubleToRawLongBits(Math.scalb(random.nextDouble() - 0.5, below(80) - 10));
            case 9 -> 0x0010_0000_0000_0000L + below(64) - 32;
            case 10 -> 0x7FE0_0000_0000_0000L + (random.nextLong() & 0x801F_FFFF_FFFF_FFFFL);
            default -> random.nextLong();
        };
    }

    private int singleBits() {
        int sign = below(2) << 31;
        return switch (below(12)) {
            case 0 -> sign;
            case 1 -> 0x7F80_0000 | sign;
            case 2 -> 0x7FC0_0000 | (random.nextInt() & 0x807F_FFFF);
            case 3 -> 0x7F80_0001 | (random.nextInt() & 0x803F_FFFF);
            case 4 -> random.nextInt() & 0x807F_FFFF;
            case 5, 6 -> Float.floatToRawIntBits((below(2000) - 1000) / 8.0f);
            case 7 -> (0x3F80_0000 + below(64) - 32) | sign;
            case 8 -> Float.floatToRawIntBits(Math.scalb(random.nextFloat() - 0.5f, below(80) - 10));
            case 9 -> 0x0080_0000 + below(64) - 32;
            case 10 -> 0x7F00_0000 + (random.nextInt() & 0x80FF_FFFF);
            default -> random.nextInt();
        };
    }

    private long vectorHalf(int kind) {
        return switch (kind) {
            case 0 -> doubleBits();
            case 1 -> (singleBits() & 0xFFFF_FFFFL) | (long) singleBits() << 32;
            default -> integer();
        };
    }

    private void extended(ByteBuffer image, int at) {
        long significand = random.nextLong() | Long.MIN_VALUE;
        int exponent = 0x3FFF + below(140) - 70;
        switch (below(14)) {
            case 0 -> {
                exponent = 0;
                significand = 0;
            }
            case 1 -> {
                exponent = 0x7FFF;
                significand = Long.MIN_VALUE;
            }
            case 2 -> {
                exponent = 0x7FFF;
                significand |= 1L << 62;
            }
            case 3 -> {
                exponent = 0x7FFF;
                significand = (significand & ~(1L << 62)) | 1;
            }
            case 4 -> {
                exponent = 0;
                significand >>>= 1 + below(60);
            }
            case 5 -> exponent = below(70);
            case 6 -> exponent = 0x7FFE - below(70);
            case 7 -> significand &= -1L << 40;
            case 8 -> {
                exponent = 0x3FFF + below(5) - 2;
                significand = Long.MIN_VALUE;
            }
            case 9 -> exponent = pick(0x3F80, 0x3F81, 0x3C00, 0x3C01, 0x407F, 0x43FF);
            case 10 -> {
                if (chance(3)) {
                    exponent = below(0x8000);
                    significand &= Long.MAX_VALUE;
                }
            }
            default -> {}
        }
        image.putLong(at, significand).putLong(at + 8, exponent | below(2) << 15);
    }

    /** A state to start from. */
    OracleState state() {
        OracleState state = new OracleState();
        for (int i = 0; i < (wide ? 16 : 8); i++) {
            state.registers[i] = wide ? integer() : integer() & 0xFFFF_FFFFL;
        }
        for (int pointer : wide ? POINTERS_64 : POINTERS_32) {
            state.registers[pointer] = OracleState.SCRATCH + 0x200 + (below(0x1C00) & (chance(3) ? -1 : -16));
        }
        state.registers[Cpu.RSP] = OracleState.SCRATCH + 0x1000 + 8L * (below(64) - 32);
        state.registers[wide ? SMALL_64 : SMALL_32] = below(32);
        state.flags = below(0x1000) & (ALL | Cpu.FLAG_DF) | 0x202;
        int kind = below(3);
        ByteBuffer memory = ByteBuffer.wrap(state.scratch).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < OracleState.SCRATCH_BYTES; i += 16) {
            if (chance(8)) {
                extended(memory, i);
            } else {
                memory.putLong(i, vectorHalf(kind)).putLong(i + 8, vectorHalf(kind));
            }
        }
        floatingPoint(ByteBuffer.wrap(state.extended).order(ByteOrder.LITTLE_ENDIAN), kind);
        return state;
    }

    /** The same, now and then with bytes of a small alphabet in memory and vectors, as string comparisons want them. */
    OracleState extensionState() {
        OracleState state = state();
        ByteBuffer upper = ByteBuffer.wrap(state.upper).order(ByteOrder.LITTLE_ENDIAN);
        int kind = below(3);
        for (int i = 0; i < (wide ? 32 : 16); i++) {
            upper.putLong(8 * i, vectorHalf(kind));
        }
        if (chance(4)) {
            for (int i = 0; i < state.scratch.length; i++) {
                state.scratch[i] = letter();
            }
            for (int i = 160; i < (wide ? 416 : 288); i++) {
                state.extended[i] = letter();
            }
            state.registers[Cpu.RAX] = below(40) - 20;
            state.registers[Cpu.RDX] = below(40) - 20;
        }
        return state;
    }

    private byte letter() {
        return (byte) (chance(12) ? 0 : 'a' + below(4));
    }

    private void floatingPoint(ByteBuffer image, int kind) {
        int control = 0x37F;
        if (chance(4)) {
            control = 0x7F | below(16) << 8;
        } else if (chance(12)) {
            control = 0x40 | below(0x40) | below(16) << 8;
        }
        int top = below(8);
        int status = chance(8) ? below(0x40) & control : 0;
        image.putShort(0, (short) control);
        image.putShort(2, (short) (top << 11 | status | below(2) * 0x4700));
        image.put(4, (byte) (chance(4) ? below(256) : ~(3 << top >>> 2 | 1 << ((top + 7) & 7))));
        int mxcsr = 0x1F80 | below(0x40);
        if (chance(4)) {
            mxcsr = 0x1F80 | below(0x80) | below(8) << 13;
        } else if (chance(12)) {
            mxcsr = below(0x10000);
        }
        image.putInt(24, mxcsr);
        image.putInt(28, 0xFFFF);
        boolean mmx = chance(3);
        for (int i = 0; i < 8; i++) {
            if (mmx) {
                image.putLong(32 + 16 * i, vectorHalf(below(3))).putLong(40 + 16 * i, 0xFFFF);
            } else {
                extended(image, 32 + 16 * i);
            }
        }
        for (int i = 0; i < (wide ? 32 : 16); i++) {
            image.putLong(160 + 8 * i, vectorHalf(kind));
        }
    }

    /** A sequence of up to {@code most} instructions. */
    OracleSequence sequence(int most) {
        List<OracleSequence.Step> steps = new ArrayList<>();
        int count = 1 + below(most);
        int theme = below(features.has(FeatureSet.SSE4_1) ? 8 : 5);
        for (int i = 0; i < count; i++) {
            bytes = new ByteArrayOutputStream();
            undefined = 0;
            instruction(theme);
            steps.add(new OracleSequence.Step(bytes.toByteArray(), undefined));
            if (undefined != 0) {
                if (i == count - 1 || chance(4)) {
                    break;
                }
                settleFlags(steps);
            }
        }
        return new OracleSequence(wide, steps);
    }

    /** CMP with an immediate gives every flag a defined value. */
    private void settleFlags(List<OracleSequence.Step> steps) {
        bytes = new ByteArrayOutputStream();
        emit(0x83, 0xF8 | below(3), below(256));
        steps.add(new OracleSequence.Step(bytes.toByteArray(), 0));
    }

    void emit(int... values) {
        for (int value : values) {
            bytes.write(value);
        }
    }

    private void emit32(int value) {
        emit(value & 0xFF, value >>> 8 & 0xFF, value >>> 16 & 0xFF, value >>> 24);
    }

    // ---- encoding

    int freeRegister() {
        if (chance(60)) {
            return below(wide ? 16 : 8);
        }
        return wide ? FREE_64[below(FREE_64.length)] : FREE_32[below(FREE_32.length)];
    }

    int anyRegister() {
        return below(wide ? 16 : 8);
    }

    static final int MEMORY = -1;

    /** 8-bit registers 4 to 7 without REX are AH to BH: these are parts of free registers, but BH. */
    private int size() {
        return wide ? pick(1, 2, 4, 4, 8, 8) : pick(1, 2, 4, 4);
    }

    /**
     * Emits prefixes, opcode and ModRM.
     *
     * @param size operand size in bytes; 0 for instructions whose prefixes are given by {@code mandatory}
     * @param rm a register number, or {@link #MEMORY}
     */
    void encode(int mandatory, int size, int[] opcode, int reg, int rm, boolean lock) {
        int rex = 0;
        if (lock) {
            emit(0xF0);
        }
        if (size == 2) {
            emit(0x66);
        }
        if (mandatory != 0) {
            emit(mandatory);
        }
        boolean address32 = wide && rm == MEMORY && chance(30);
        if (address32) {
            emit(0x67);
        }
        if (rm == MEMORY && chance(30)) {
            emit(pick(0x2E, 0x3E, 0x26, 0x36));
        }
        if (size == 8) {
            rex |= 0x48;
        }
        if ((reg & 8) != 0) {
            rex |= 0x44;
        }
        byte[] operand = rm == MEMORY ? memoryOperand(reg) : new byte[] {(byte) (0xC0 | (reg & 7) << 3 | (rm & 7))};
        if (rm == MEMORY) {
            rex |= memoryRex;
        } else if ((rm & 8) != 0) {
            rex |= 0x41;
        }
        if (wide && size == 1 && chance(2)) {
            rex |= 0x40;
        }
        if (rex != 0 && wide) {
            // Mandatory prefixes come before REX.
            emit(rex);
        }
        emit(opcode);
        bytes.writeBytes(operand);
    }

    /** The REX bits that the last {@link #memoryOperand} needs. */
    int memoryRex;

    byte[] memoryOperand(int reg) {
        ByteArrayOutputStream operand = new ByteArrayOutputStream();
        memoryRex = 0;
        int pointer = wide ? POINTERS_64[below(POINTERS_64.length)] : POINTERS_32[below(POINTERS_32.length)];
        int displacement = chance(4) ? below(256) - 128 : 16 * (below(8) - 4);
        boolean far = chance(4);
        int field = (reg & 7) << 3;
        if (chance(20)) {
            int target = (int) OracleState.SCRATCH + below(0x1F00);
            if (wide) {
                operand.write(field | 4);
                operand.write(0x25);
            } else {
                operand.write(field | 5);
            }
            writeInt(operand, target);
            return operand.toByteArray();
        }
        boolean indexed = chance(4) || (pointer & 7) == 4;
        int mod = far ? 0x80 : 0x40;
        if (!far && displacement == 0 && (pointer & 7) != 5) {
            mod = 0;
        }
        if ((pointer & 8) != 0) {
            memoryRex |= 0x41;
        }
        if (indexed) {
            int index = chance(4) ? 4 : wide ? SMALL_64 : SMALL_32;
            if ((index & 8) != 0) {
                memoryRex |= 0x42;
            }
            operand.write(mod | field | 4);
            operand.write(below(4) << 6 | (index & 7) << 3 | (pointer & 7));
        } else {
            operand.write(mod | field | (pointer & 7));
        }
        if (mod == 0x80) {
            writeInt(operand, displacement);
        } else if (mod == 0x40) {
            operand.write(displacement);
        }
        return operand.toByteArray();
    }

    private static void writeInt(ByteArrayOutputStream out, int value) {
        for (int shift = 0; shift < 32; shift += 8) {
            out.write(value >>> shift);
        }
    }

    int registerOrMemory() {
        return chance(3) ? MEMORY : freeRegister();
    }

    private void immediate(int size) {
        int value = (int) integer();
        switch (size) {
            case 1 -> emit(value & 0xFF);
            case 2 -> emit(value & 0xFF, value >>> 8 & 0xFF);
            default -> emit32(value);
        }
    }

    // ---- instructions

    private void instruction(int theme) {
        boolean themed = !chance(4);
        int choice = themed ? theme : below(5);
        switch (choice) {
            case 5, 6, 7 -> extensions.instruction();
            case 0, 1 -> integerInstruction();
            case 2 -> x87();
            case 3 -> simd();
            default -> {
                switch (below(3)) {
                    case 0 -> integerInstruction();
                    case 1 -> string();
                    default -> simd();
                }
            }
        }
    }

    private void integerInstruction() {
        switch (below(30)) {
            case 0, 1, 2 -> alu();
            case 3 -> aluImmediate();
            case 4 -> unary();
            case 5 -> multiplyDivide();
            case 6, 7 -> shift();
            case 8 -> doubleShift();
            case 9 -> bitTest();
            case 10 -> bitScan();
            case 11 -> extend();
            case 12 -> conditional();
            case 13 -> exchange();
            case 14 -> compareExchange();
            case 15 -> lea();
            case 16, 17 -> move();
            case 18, 19 -> stack();
            case 20 -> converts();
            case 21 -> flagInstruction();
            case 22 -> branch();
            case 23 -> test();
            case 24 -> multiply();
            case 25 -> swap();
            case 26 -> {
                if (wide) {
                    xlat();
                } else {
                    decimal();
                }
            }
            case 27 -> {
                if (!wide) {
                    legacyStack();
                } else {
                    alu();
                }
            }
            default -> string();
        }
    }

    private void alu() {
        int operation = below(8);
        int size = size();
        boolean toMemory = chance(2);
        int rm = registerOrMemory();
        boolean lock = toMemory && rm == MEMORY && operation != 7 && chance(6);
        int opcode = operation << 3 | (toMemory ? 0 : 2) | (size == 1 ? 0 : 1);
        encode(0, size, new int[] {opcode}, toMemory ? anyRegister() : freeRegister(), rm, lock);
        aluFlags(operation);
    }

    private void aluFlags(int operation) {
        if (operation == 1 || operation == 4 || operation == 6) {
            undefined = AF;
        }
    }

    private void aluImmediate() {
        int operation = below(8);
        int size = size();
        aluFlags(operation);
        if (chance(4)) {
            if (size == 2) {
                emit(0x66);
            } else if (size == 8) {
                emit(0x48);
            }
            emit(operation << 3 | (size == 1 ? 4 : 5));
            immediate(size);
            return;
        }
        boolean shortForm = size != 1 && chance(2);
        encode(0, size, new int[] {size == 1 ? 0x80 : shortForm ? 0x83 : 0x81}, operation, registerOrMemory(), false);
        immediate(shortForm ? 1 : size);
    }

    private void unary() {
        int size = size();
        int rm = registerOrMemory();
        boolean lock = rm == MEMORY && chance(6);
        int which = below(4);
        if (which < 2) {
            encode(0, size, new int[] {size == 1 ? 0xFE : 0xFF}, which, rm, lock);
        } else {
            encode(0, size, new int[] {size == 1 ? 0xF6 : 0xF7}, which, rm, lock);
        }
    }

    private void multiplyDivide() {
        int size = size();
        int operation = 4 + below(4);
        encode(0, size, new int[] {size == 1 ? 0xF6 : 0xF7}, operation, registerOrMemory(), false);
        undefined = operation < 6 ? SF | ZF | AF | PF : ALL;
    }

    private void multiply() {
        int size = wide ? pick(2, 4, 8) : pick(2, 4);
        undefined = SF | ZF | AF | PF;
        switch (below(3)) {
            case 0 -> encode(0, size, new int[] {0x0F, 0xAF}, freeRegister(), registerOrMemory(), false);
            case 1 -> {
                encode(0, size, new int[] {0x6B}, freeRegister(), registerOrMemory(), false);
                immediate(1);
            }
            default -> {
                encode(0, size, new int[] {0x69}, freeRegister(), registerOrMemory(), false);
                immediate(size);
            }
        }
    }

    private void shift() {
        int size = size();
        int operation = below(8);
        int form = below(3);
        int base = form == 0 ? 0xC0 : form == 1 ? 0xD0 : 0xD2;
        int count = chance(3) ? below(256) : below(8 * size + 2);
        if (form == 2) {
            // MOV CL, count: what is undefined depends on it.
            emit(0xB1, count);
        }
        encode(0, size, new int[] {base | (size == 1 ? 0 : 1)}, operation, registerOrMemory(), false);
        if (form == 0) {
            emit(count);
        }
        int effective = form == 1 ? 1 : count & (size == 8 ? 63 : 31);
        if (effective == 0) {
            return;
        }
        boolean rotate = operation < 4;
        undefined = (rotate ? 0 : AF) | (effective == 1 ? 0 : OF);
        if (!rotate && operation != 7 && effective >= 8 * size) {
            undefined |= CF;
        }
    }

    private void doubleShift() {
        int size = wide ? pick(2, 4, 8) : pick(2, 4);
        boolean left = chance(2);
        boolean byRegister = chance(2);
        int count = chance(4) ? below(256) : below(8 * size);
        int effective = count & (size == 8 ? 63 : 31);
        if (effective > 8 * size) {
            count = effective = 3;
        }
        if (byRegister) {
            emit(0xB1, count);
        }
        int opcode = (left ? 0xA4 : 0xAC) + (byRegister ? 1 : 0);
        encode(0, size, new int[] {0x0F, opcode}, anyRegister(), registerOrMemory(), false);
        if (!byRegister) {
            emit(count);
        }
        if (effective != 0) {
            undefined = AF | (effective == 1 ? 0 : OF) | (effective >= 8 * size ? CF : 0);
        }
    }

    private void bitTest() {
        int size = wide ? pick(2, 4, 8) : pick(2, 4);
        int operation = 4 + below(4);
        undefined = OF | SF | AF | PF;
        int rm = registerOrMemory();
        boolean lock = rm == MEMORY && operation != 4 && chance(6);
        if (chance(2)) {
            encode(0, size, new int[] {0x0F, 0xBA}, operation, rm, lock);
            emit(below(256));
        } else {
            int reg = rm == MEMORY && !chance(30) ? (wide ? SMALL_64 : SMALL_32) : anyRegister();
            encode(0, size, new int[] {0x0F, 0x83 | operation << 3}, reg, rm, lock);
        }
    }

    private void bitScan() {
        int size = wide ? pick(2, 4, 8) : pick(2, 4);
        // The value of the destination after a zero source is not defined, but for the old one being kept in practice.
        encode(0, size, new int[] {0x0F, pick(0xBC, 0xBD)}, freeRegister(), registerOrMemory(), false);
        undefined = CF | OF | SF | AF | PF;
    }

    private void extend() {
        int size = wide ? pick(2, 4, 8) : pick(2, 4);
        if (wide && chance(4)) {
            encode(0, pick(4, 8), new int[] {0x63}, freeRegister(), registerOrMemory(), false);
        } else {
            encode(0, size, new int[] {0x0F, pick(0xB6, 0xB7, 0xBE, 0xBF)}, freeRegister(), registerOrMemory(), false);
        }
    }

    private void conditional() {
        if (chance(2)) {
            int size = wide ? pick(2, 4, 8) : pick(2, 4);
            encode(0, size, new int[] {0x0F, 0x40 | below(16)}, freeRegister(), registerOrMemory(), false);
        } else {
            encode(0, 1, new int[] {0x0F, 0x90 | below(16)}, below(8), registerOrMemory(), false);
        }
    }

    private void exchange() {
        int size = size();
        int rm = registerOrMemory();
        if (chance(2)) {
            encode(0, size, new int[] {size == 1 ? 0x86 : 0x87}, freeRegister(), rm, rm == MEMORY && chance(6));
        } else {
            encode(0, size, new int[] {0x0F, size == 1 ? 0xC0 : 0xC1}, freeRegister(), rm, rm == MEMORY && chance(6));
        }
    }

    private void compareExchange() {
        if (chance(3)) {
            boolean sixteen = wide && chance(2);
            encode(0, sixteen ? 8 : 4, new int[] {0x0F, 0xC7}, 1, MEMORY, chance(3));
            return;
        }
        int size = size();
        int rm = registerOrMemory();
        encode(0, size, new int[] {0x0F, size == 1 ? 0xB0 : 0xB1}, anyRegister(), rm, rm == MEMORY && chance(3));
    }

    private void lea() {
        encode(0, wide ? pick(2, 4, 8) : pick(2, 4), new int[] {0x8D}, freeRegister(), MEMORY, false);
    }

    private void move() {
        int size = size();
        switch (below(4)) {
            case 0 -> encode(0, size, new int[] {size == 1 ? 0x88 : 0x89}, anyRegister(), registerOrMemory(), false);
            case 1 -> encode(0, size, new int[] {size == 1 ? 0x8A : 0x8B}, freeRegister(), registerOrMemory(), false);
            case 2 -> {
                encode(0, size, new int[] {size == 1 ? 0xC6 : 0xC7}, 0, registerOrMemory(), false);
                immediate(size);
            }
            default -> {
                int register = freeRegister();
                if (wide) {
                    emit(0x48 | register >> 3, 0xB8 | (register & 7));
                    long value = integer();
                    emit32((int) value);
                    emit32((int) (value >>> 32));
                } else {
                    emit(0xB8 | (register & 7));
                    emit32((int) integer());
                }
            }
        }
    }

    private void stack() {
        boolean small = chance(5);
        switch (below(6)) {
            case 0, 1 -> {
                int register = anyRegister();
                if (small) {
                    emit(0x66);
                }
                if (register >= 8) {
                    emit(0x41);
                }
                emit(0x50 | (register & 7));
            }
            case 2 -> {
                int register = freeRegister();
                if (small) {
                    emit(0x66);
                }
                if (register >= 8) {
                    emit(0x41);
                }
                emit(0x58 | (register & 7));
            }
            case 3 -> {
                emit(0x6A);
                immediate(1);
            }
            case 4 -> {
                emit(0x68);
                immediate(4);
            }
            default -> {
                if (chance(2)) {
                    encode(0, small ? 2 : 4, new int[] {0xFF}, 6, registerOrMemory(), false);
                } else {
                    encode(0, small ? 2 : 4, new int[] {0x8F}, 0, registerOrMemory(), false);
                }
            }
        }
    }

    private void legacyStack() {
        switch (below(3)) {
            case 0 -> emit(0x60);
            case 1 -> emit(0xC8, below(64), 0, below(3)); // ENTER
            default -> emit(0x40 | below(3) | below(2) << 3); // INC, DEC
        }
    }

    private void converts() {
        int prefix = wide ? pick(0, 0x66, 0x48) : pick(0, 0x66);
        if (prefix != 0) {
            emit(prefix);
        }
        emit(pick(0x98, 0x99));
    }

    private void flagInstruction() {
        emit(pick(0x9E, 0x9F, 0xF5, 0xF8, 0xF9, 0xFC, 0xFD));
    }

    /** A jump over two to four bytes of NOPs, or a call to the next instruction. */
    private void branch() {
        int over = 1 + below(3);
        switch (below(6)) {
            case 0 -> emit(0xEB, over);
            case 1 -> emit(pick(0xE0, 0xE1, 0xE2, 0xE3), over);
            case 2 -> {
                emit(0xE8);
                emit32(over);
            }
            case 3 -> {
                emit(0x0F, 0x80 | below(16));
                emit32(over);
            }
            default -> emit(0x70 | below(16), over);
        }
        for (int i = 0; i < over; i++) {
            emit(0x90);
        }
    }

    private void test() {
        int size = size();
        undefined = AF;
        if (chance(2)) {
            encode(0, size, new int[] {size == 1 ? 0x84 : 0x85}, anyRegister(), registerOrMemory(), false);
        } else {
            encode(0, size, new int[] {size == 1 ? 0xF6 : 0xF7}, 0, registerOrMemory(), false);
            immediate(size);
        }
    }

    private void swap() {
        int register = freeRegister();
        if (wide) {
            emit(0x40 | register >> 3 | below(2) << 3);
        }
        emit(0x0F, 0xC8 | (register & 7));
    }

    private void xlat() {
        emit(0xD7);
    }

    private void decimal() {
        switch (below(6)) {
            case 0, 1 -> {
                emit(pick(0x27, 0x2F));
                undefined = OF;
            }
            case 2, 3 -> {
                emit(pick(0x37, 0x3F));
                undefined = OF | SF | ZF | PF;
            }
            case 4 -> {
                emit(0xD4, chance(8) ? 0 : chance(2) ? 10 : below(256));
                undefined = OF | AF | CF;
            }
            default -> {
                emit(0xD5, chance(2) ? 10 : below(256));
                undefined = OF | AF | CF;
            }
        }
    }

    private void string() {
        int opcode = pick(0xA4, 0xA6, 0xAA, 0xAC, 0xAE);
        int size = size();
        int repeat = pick(0, 0xF2, 0xF3);
        if (repeat != 0) {
            if (wide && chance(8)) {
                emit(0x48, 0xC7, 0xC1);
            } else {
                emit(0xB9);
            }
            emit32(below(chance(3) ? 40 : 6));
        }
        if (size == 2) {
            emit(0x66);
        }
        if (wide && repeat == 0 && chance(16)) {
            emit(0x67);
        }
        if (repeat != 0) {
            emit(repeat);
        }
        if (size == 8) {
            emit(0x48);
        }
        emit(opcode | (size == 1 ? 0 : 1));
    }

    /** D8 to DF but for the transcendental functions and what depends on the instruction's address. */
    private void x87() {
        while (true) {
            int opcode = 0xD8 + below(8);
            int reg = below(8);
            if (chance(2)) {
                boolean environment =
                        (opcode == 0xD9 && (reg == 4 || reg == 6)) || (opcode == 0xDD && (reg == 4 || reg == 6));
                boolean control = opcode == 0xD9 && reg == 5;
                if (!environment && !(control && !chance(8))) {
                    encode(0, 0, new int[] {opcode}, reg, MEMORY, false);
                    return;
                }
            } else {
                int modrm = 0xC0 | below(64);
                boolean transcendental = opcode == 0xD9
                        && ((modrm >= 0xF0 && modrm <= 0xF3) || modrm == 0xF9 || modrm == 0xFB || modrm >= 0xFE);
                boolean initialize = opcode == 0xDB && modrm == 0xE3;
                if (!transcendental && !(initialize && !chance(4))) {
                    emit(opcode, modrm);
                    return;
                }
            }
        }
    }

    private void simd() {
        int prefix = pick(0, 0x66, 0xF3, 0xF2);
        int choice = below(10);
        boolean memory = chance(3);
        int vectorRegisters = wide ? 16 : 8;
        int rm = memory ? MEMORY : below(vectorRegisters);
        int reg = below(vectorRegisters);
        if (choice == 0) {
            encode(
                    prefix == 0x66 ? 0x66 : 0,
                    0,
                    new int[] {0x0F, 0x38, SSSE3_OPCODES[below(SSSE3_OPCODES.length)]},
                    reg,
                    rm,
                    false);
            return;
        }
        if (choice == 1) {
            encode(prefix == 0x66 ? 0x66 : 0, 0, new int[] {0x0F, 0x3A, 0x0F}, reg, rm, false);
            emit(chance(4) ? below(256) : below(34));
            return;
        }
        if (choice == 2 && chance(6)) {
            if (chance(2)) {
                encode(0, 0, new int[] {0x0F, 0xAE}, 3, MEMORY, false);
            } else {
                emit(0x0F, 0x77);
            }
            return;
        }
        int opcode = SIMD_OPCODES[below(SIMD_OPCODES.length)];
        if ((opcode == 0x52 || opcode == 0x53) && !approximations) {
            opcode = 0x51;
        }
        if (opcode == 0x2A && prefix < 0xF2 && !approximations) {
            // CVTPI2PS from memory: AMD's processors do not look at pending x87 exceptions.
            memory = false;
            rm = below(8);
        }
        if (opcode == 0x2B && prefix >= 0xF2) {
            // MOVNTSS and MOVNTSD of SSE4a.
            prefix = 0;
        }
        if (opcode == 0x2B || opcode == 0xE7) {
            // Without memory these are undefined; some hosts' KVM emulates them all the same.
            memory = true;
            rm = MEMORY;
        }
        boolean toGeneral = opcode == 0x2C || opcode == 0x2D || opcode == 0x50 || opcode == 0xD7 || opcode == 0xC5;
        boolean fromGeneral = opcode == 0x2A || opcode == 0x6E || opcode == 0x7E || opcode == 0xC4;
        if (toGeneral) {
            reg = freeRegister();
        }
        if (fromGeneral && !memory) {
            rm = freeRegister();
        }
        boolean wideGeneral = wide && (toGeneral || fromGeneral) && chance(2);
        encode(prefix, wideGeneral ? 8 : 0, new int[] {0x0F, opcode}, reg, rm, false);
        if ((opcode >= 0x70 && opcode <= 0x73) || opcode == 0xC2 || (opcode >= 0xC4 && opcode <= 0xC6)) {
            emit(chance(3) ? below(256) : below(70));
        }
    }
}
