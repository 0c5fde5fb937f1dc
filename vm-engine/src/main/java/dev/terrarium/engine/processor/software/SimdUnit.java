// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * The MMX and SSE unit, to SSSE3 (Intel SDM volume 1, chapters 9 to 12). Opcodes are grouped by mandatory prefix, of which
 * F3 and F2 win over 66. Floating-point instructions are {@link SimdFloatUnit}'s, FXSAVE and its relatives {@link
 * ExtendedStateUnit}'s, what came after SSSE3 {@link Sse4Unit}'s and {@link AvxUnit}'s; here are the moves, the shuffles
 * and the integers.
 */
final class SimdUnit implements ExecutionUnit {
    private static final int ALIGN = 0x0F;

    private final Cpu cpu;
    private final FloatingPointState state;
    private final Mmu mmu;
    private final Segmentation segmentation;
    private final MemoryOperand operands;
    private final SimdOperands simd;
    private final SimdFloatUnit floating;
    private final Sse4Unit sse4;
    private final AvxUnit avx;
    private final ExtendedStateUnit stateUnit;

    /**
     * @param errorPin what to call when an MMX instruction finds an x87 exception pending and CR0.NE is clear
     */
    SimdUnit(Cpu cpu, Mmu mmu, Segmentation segmentation, Runnable errorPin) {
        this.cpu = cpu;
        this.state = cpu.floatingPoint;
        this.mmu = mmu;
        this.segmentation = segmentation;
        this.operands = new MemoryOperand(cpu, mmu, segmentation);
        this.simd = new SimdOperands(cpu, mmu, operands, errorPin);
        SimdFloat elements = new SimdFloat(cpu);
        this.floating = new SimdFloatUnit(cpu, simd, elements);
        this.sse4 = new Sse4Unit(cpu, simd, operands, elements);
        this.avx = new AvxUnit(cpu, mmu, operands, simd, elements, this::executeSse);
        this.stateUnit = new ExtendedStateUnit(cpu, mmu, operands, simd);
    }

    @Override
    public void execute(Instruction instruction, long address) {
        if (instruction.vex) {
            avx.execute(instruction);
        } else {
            executeSse(instruction);
        }
    }

    /** Executes an instruction of SSE, or the part of an AVX instruction that is like one. */
    private void executeSse(Instruction instruction) {
        switch (instruction.map) {
            case Instruction.MAP_0F -> executeMain(instruction);
            case Instruction.MAP_0F38 -> {
                if (isSupplemental(instruction.opcode)) {
                    supplemental(instruction);
                } else {
                    sse4.executeMap38(instruction);
                }
            }
            case Instruction.MAP_0F3A -> {
                if (instruction.opcode == ALIGN) {
                    align(instruction);
                } else {
                    sse4.executeMap3A(instruction);
                }
            }
            default -> throw cpu.invalidOpcode();
        }
    }

    private void executeMain(Instruction instruction) {
        int opcode = instruction.opcode;
        if (instruction.repeat == 0xF3) {
            simd.requireSse();
            prefixF3(instruction, opcode);
        } else if (instruction.repeat == 0xF2) {
            simd.requireSse();
            prefixF2(instruction, opcode);
        } else if (opcode == 0xAE) {
            stateUnit.execute(instruction);
        } else if (instruction.operandSizePrefix) {
            simd.requireSse();
            prefix66(instruction, opcode);
        } else {
            noPrefix(instruction, opcode);
        }
    }

    private void prefixF3(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        switch (opcode) {
            case 0x10 -> { // MOVSS
                if (instruction.memory) {
                    simd.set(reg, simd.load32(instruction), 0);
                } else {
                    simd.setLow32(reg, simd.low(instruction.rm));
                }
            }
            case 0x11 -> {
                if (instruction.memory) {
                    operands.write(instruction, 4, simd.low(reg) & 0xFFFF_FFFFL);
                } else {
                    simd.setLow32(instruction.rm, simd.low(reg));
                }
            }
            case 0x12 -> { // MOVSLDUP
                simd.load(instruction);
                simd.set(reg, doubledLow(simd.low), doubledLow(simd.high));
            }
            case 0x16 -> { // MOVSHDUP
                simd.load(instruction);
                simd.set(reg, doubledHigh(simd.low), doubledHigh(simd.high));
            }
            case 0x6F -> { // MOVDQU
                simd.loadUnaligned(instruction);
                simd.set(reg, simd.low, simd.high);
            }
            case 0x70 -> { // PSHUFHW
                simd.load(instruction);
                simd.set(reg, simd.low, PackedInteger.shuffleWords(simd.high, (int) instruction.immediate));
            }
            case 0x7E -> simd.set(reg, simd.load64(instruction), 0); // MOVQ
            case 0x7F -> simd.storeUnaligned(instruction, simd.low(reg), simd.high(reg));
            case 0xD6 -> { // MOVQ2DQ
                requireRegister(instruction);
                simd.requireMmx();
                simd.set(reg, simd.mmx(instruction.rm), 0);
                simd.enterMmx();
            }
            default -> floating.scalarSingle(instruction, opcode);
        }
    }

    private void prefixF2(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        switch (opcode) {
            case 0x10 -> { // MOVSD
                if (instruction.memory) {
                    simd.set(reg, simd.load64(instruction), 0);
                } else {
                    simd.setLow(reg, simd.low(instruction.rm));
                }
            }
            case 0x11 -> {
                if (instruction.memory) {
                    operands.write(instruction, 8, simd.low(reg));
                } else {
                    simd.setLow(instruction.rm, simd.low(reg));
                }
            }
            case 0x12 -> { // MOVDDUP
                long value = simd.load64(instruction);
                simd.set(reg, value, value);
            }
            case 0x70 -> { // PSHUFLW
                simd.load(instruction);
                simd.set(reg, PackedInteger.shuffleWords(simd.low, (int) instruction.immediate), simd.high);
            }
            case 0xD6 -> { // MOVDQ2Q
                requireRegister(instruction);
                simd.requireMmx();
                simd.setMmx(reg, simd.low(instruction.rm));
            }
            case 0xF0 -> { // LDDQU
                requireMemory(instruction);
                simd.loadUnaligned(instruction);
                simd.set(reg, simd.low, simd.high);
            }
            default -> floating.scalarDouble(instruction, opcode);
        }
    }

    private static long doubledLow(long pair) {
        return (pair & 0xFFFF_FFFFL) | pair << 32;
    }

    private static long doubledHigh(long pair) {
        return pair >>> 32 | (pair & 0xFFFF_FFFF_0000_0000L);
    }

    private void requireMemory(Instruction instruction) {
        if (!instruction.memory) {
            throw cpu.invalidOpcode();
        }
    }

    private void requireRegister(Instruction instruction) {
        if (instruction.memory) {
            throw cpu.invalidOpcode();
        }
    }

    private void noPrefix(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        if (opcode < 0x60 || opcode == 0xC2 || opcode == 0xC6) {
            simd.requireSse();
            if (!move(instruction, opcode)) {
                floating.packedSingle(instruction, opcode);
            }
            return;
        }
        switch (opcode) {
            case 0x77 -> { // EMMS
                simd.requireMmx();
                state.top = 0;
                state.valid = 0;
            }
            case 0xC3 -> { // MOVNTI
                requireMemory(instruction);
                long value = cpu.gpr[reg];
                operands.write(instruction, instruction.rexW ? 8 : 4, value);
            }
            case 0xC4, 0xC5, 0x6E, 0x7E, 0xD7 -> mmxWithGeneral(instruction, opcode);
            case 0x6F -> {
                simd.requireMmx();
                simd.setMmx(reg, simd.loadMmx(instruction));
            }
            case 0x7F -> {
                simd.requireMmx();
                if (instruction.memory) {
                    operands.write(instruction, 8, simd.mmx(reg));
                    simd.enterMmx();
                } else {
                    simd.setMmx(instruction.rm, simd.mmx(reg));
                }
            }
            case 0xE7 -> { // MOVNTQ
                requireMemory(instruction);
                simd.requireMmx();
                operands.write(instruction, 8, simd.mmx(reg));
                simd.enterMmx();
            }
            case 0xF7 -> { // MASKMOVQ
                requireRegister(instruction);
                simd.requireMmx();
                maskedStore(instruction, simd.mmx(reg), simd.mmx(instruction.rm), 0);
                simd.enterMmx();
            }
            default -> mmxInteger(instruction, opcode);
        }
    }

    /** The moves and logic of single vectors and their 66-prefixed twins, which differ in name only. */
    private boolean move(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        switch (opcode) {
            case 0x10 -> { // MOVUPS
                simd.loadUnaligned(instruction);
                simd.set(reg, simd.low, simd.high);
            }
            case 0x11 -> simd.storeUnaligned(instruction, simd.low(reg), simd.high(reg));
            case 0x12 -> { // MOVLPS; MOVHLPS
                if (instruction.memory) {
                    simd.setLow(reg, simd.load64(instruction));
                } else {
                    requireNo66(instruction);
                    simd.setLow(reg, simd.high(instruction.rm));
                }
            }
            case 0x13 -> {
                requireMemory(instruction);
                operands.write(instruction, 8, simd.low(reg));
            }
            case 0x16 -> { // MOVHPS; MOVLHPS
                if (!instruction.memory) {
                    requireNo66(instruction);
                }
                simd.setHigh(reg, simd.load64(instruction));
            }
            case 0x17 -> {
                requireMemory(instruction);
                operands.write(instruction, 8, simd.high(reg));
            }
            case 0x28 -> { // MOVAPS
                simd.load(instruction);
                simd.set(reg, simd.low, simd.high);
            }
            case 0x29 -> simd.storeAligned(instruction, simd.low(reg), simd.high(reg));
            case 0x2B -> { // MOVNTPS
                requireMemory(instruction);
                simd.storeAligned(instruction, simd.low(reg), simd.high(reg));
            }
            case 0x54 -> {
                simd.load(instruction);
                simd.set(reg, simd.low(reg) & simd.low, simd.high(reg) & simd.high);
            }
            case 0x55 -> {
                simd.load(instruction);
                simd.set(reg, ~simd.low(reg) & simd.low, ~simd.high(reg) & simd.high);
            }
            case 0x56 -> {
                simd.load(instruction);
                simd.set(reg, simd.low(reg) | simd.low, simd.high(reg) | simd.high);
            }
            case 0x57 -> {
                simd.load(instruction);
                simd.set(reg, simd.low(reg) ^ simd.low, simd.high(reg) ^ simd.high);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void requireNo66(Instruction instruction) {
        if (instruction.operandSizePrefix) {
            throw cpu.invalidOpcode();
        }
    }

    private void mmxWithGeneral(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        if (opcode == 0xC5 || opcode == 0xD7) {
            requireRegister(instruction);
        }
        simd.requireMmx();
        switch (opcode) {
            case 0x6E -> simd.setMmx(reg, simd.loadGeneral(instruction)); // MOVD
            case 0x7E -> {
                simd.storeGeneral(instruction, simd.mmx(reg));
                simd.enterMmx();
            }
            case 0xC4 -> { // PINSRW
                long word = loadWord(instruction);
                int shift = 16 * ((int) instruction.immediate & 3);
                simd.setMmx(reg, (simd.mmx(reg) & ~(0xFFFFL << shift)) | word << shift);
            }
            case 0xC5 -> { // PEXTRW
                cpu.gpr[reg] = simd.mmx(instruction.rm) >>> 16 * ((int) instruction.immediate & 3) & 0xFFFF;
                simd.enterMmx();
            }
            default -> { // PMOVMSKB
                cpu.gpr[reg] = PackedInteger.byteTops(simd.mmx(instruction.rm));
                simd.enterMmx();
            }
        }
    }

    private long loadWord(Instruction instruction) {
        return instruction.memory ? operands.read(instruction, 2) : cpu.gpr[instruction.rm] & 0xFFFF;
    }

    private void mmxInteger(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        if (opcode >= 0x71 && opcode <= 0x73) {
            requireRegister(instruction);
            int shift = shiftOpcode(instruction, opcode);
            simd.requireMmx();
            long value = simd.mmx(instruction.rm);
            simd.setMmx(instruction.rm, PackedInteger.shift(shift, value, instruction.immediate & 0xFF));
            return;
        }
        if (opcode == 0x70) { // PSHUFW
            simd.requireMmx();
            simd.setMmx(reg, PackedInteger.shuffleWords(simd.loadMmx(instruction), (int) instruction.immediate));
            return;
        }
        boolean unpackLow = opcode >= 0x60 && opcode <= 0x62;
        if (!unpackLow
                && !isUnpackHigh(opcode)
                && !isPack(opcode)
                && !isShift(opcode)
                && !PackedInteger.isElementwise(opcode)) {
            throw cpu.invalidOpcode();
        }
        simd.requireMmx();
        long source = unpackLow && instruction.memory ? operands.read(instruction, 4) : simd.loadMmx(instruction);
        long target = simd.mmx(reg);
        long result;
        if (unpackLow) {
            result = PackedInteger.interleaveLow(target, source, 8 << (opcode - 0x60));
        } else if (isUnpackHigh(opcode)) {
            result = PackedInteger.interleaveHigh(target, source, 8 << (opcode - 0x68));
        } else if (isPack(opcode)) {
            result = PackedInteger.pack(opcode, target) | PackedInteger.pack(opcode, source) << 32;
        } else if (isShift(opcode)) {
            result = PackedInteger.shift(opcode, target, source);
        } else {
            result = PackedInteger.apply(opcode, target, source);
        }
        simd.setMmx(reg, result);
    }

    private static boolean isUnpackHigh(int opcode) {
        return opcode >= 0x68 && opcode <= 0x6A;
    }

    private static boolean isPack(int opcode) {
        return opcode == 0x63 || opcode == 0x67 || opcode == 0x6B;
    }

    /** Shifts by the count in another register. */
    private static boolean isShift(int opcode) {
        return switch (opcode) {
            case 0xD1, 0xD2, 0xD3, 0xE1, 0xE2, 0xF1, 0xF2, 0xF3 -> true;
            default -> false;
        };
    }

    /** The opcode of the shift by register that does what this shift by immediate does. */
    private int shiftOpcode(Instruction instruction, int opcode) {
        int width = opcode & 3;
        return switch (instruction.extension()) {
            case 2 -> 0xD0 + width;
            case 4 -> {
                if (width == 3) {
                    throw cpu.invalidOpcode();
                }
                yield 0xE0 + width;
            }
            case 6 -> 0xF0 + width;
            default -> throw cpu.invalidOpcode();
        };
    }

    private void prefix66(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        if (opcode < 0x60) {
            if (!move(instruction, opcode)) {
                floating.packedDouble(instruction, opcode);
            }
            return;
        }
        switch (opcode) {
            case 0x6E -> simd.set(reg, simd.loadGeneral(instruction), 0); // MOVD, MOVQ
            case 0x7E -> simd.storeGeneral(instruction, simd.low(reg));
            case 0x6F -> { // MOVDQA
                simd.load(instruction);
                simd.set(reg, simd.low, simd.high);
            }
            case 0x7F -> simd.storeAligned(instruction, simd.low(reg), simd.high(reg));
            case 0xC4 -> { // PINSRW
                long word = loadWord(instruction);
                int shift = 16 * ((int) instruction.immediate & 3);
                int half = 2 * reg + ((int) instruction.immediate >>> 2 & 1);
                state.xmm[half] = (state.xmm[half] & ~(0xFFFFL << shift)) | word << shift;
            }
            case 0xC5 -> { // PEXTRW
                requireRegister(instruction);
                long half = state.xmm[2 * instruction.rm + ((int) instruction.immediate >>> 2 & 1)];
                cpu.gpr[reg] = half >>> 16 * ((int) instruction.immediate & 3) & 0xFFFF;
            }
            case 0xD6 -> { // MOVQ
                if (instruction.memory) {
                    operands.write(instruction, 8, simd.low(reg));
                } else {
                    simd.set(instruction.rm, simd.low(reg), 0);
                }
            }
            case 0xD7 -> { // PMOVMSKB
                requireRegister(instruction);
                cpu.gpr[reg] = PackedInteger.byteTops(simd.low(instruction.rm))
                        | PackedInteger.byteTops(simd.high(instruction.rm)) << 8;
            }
            case 0xE7 -> { // MOVNTDQ
                requireMemory(instruction);
                simd.storeAligned(instruction, simd.low(reg), simd.high(reg));
            }
            case 0xF7 -> { // MASKMOVDQU
                requireRegister(instruction);
                int rm = instruction.rm;
                maskedStore(instruction, simd.low(reg), simd.low(rm), 0);
                maskedStore(instruction, simd.high(reg), simd.high(rm), 8);
            }
            case 0x7C, 0x7D, 0xC2, 0xC6, 0xD0, 0xE6 -> floating.packedDouble(instruction, opcode);
            default -> vectorInteger(instruction, opcode);
        }
    }

    private void vectorInteger(Instruction instruction, int opcode) {
        if (opcode >= 0x71 && opcode <= 0x73) {
            shiftImmediate(instruction, opcode);
            return;
        }
        if (PackedInteger.isElementwise(opcode)) {
            int reg = instruction.reg;
            simd.load(instruction);
            simd.set(
                    reg,
                    PackedInteger.apply(opcode, simd.low(reg), simd.low),
                    PackedInteger.apply(opcode, simd.high(reg), simd.high));
            return;
        }
        rearrange(instruction, opcode);
    }

    private void rearrange(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        boolean known = opcode == 0x70
                || (opcode >= 0x60 && opcode <= 0x62)
                || isUnpackHigh(opcode)
                || opcode == 0x6C
                || opcode == 0x6D
                || isPack(opcode)
                || isShift(opcode);
        if (!known) {
            throw cpu.invalidOpcode();
        }
        simd.load(instruction);
        long low = simd.low(reg);
        long high = simd.high(reg);
        switch (opcode) {
            case 0x60, 0x61, 0x62 -> {
                int width = 8 << (opcode - 0x60);
                simd.set(
                        reg,
                        PackedInteger.interleaveLow(low, simd.low, width),
                        PackedInteger.interleaveHigh(low, simd.low, width));
            }
            case 0x68, 0x69, 0x6A -> {
                int width = 8 << (opcode - 0x68);
                simd.set(
                        reg,
                        PackedInteger.interleaveLow(high, simd.high, width),
                        PackedInteger.interleaveHigh(high, simd.high, width));
            }
            case 0x6C -> simd.set(reg, low, simd.low);
            case 0x6D -> simd.set(reg, high, simd.high);
            case 0x63, 0x67, 0x6B ->
                simd.set(
                        reg,
                        PackedInteger.pack(opcode, low) | PackedInteger.pack(opcode, high) << 32,
                        PackedInteger.pack(opcode, simd.low) | PackedInteger.pack(opcode, simd.high) << 32);
            case 0x70 -> { // PSHUFD
                int order = (int) instruction.immediate;
                simd.set(reg, pair(order), pair(order >>> 4));
            }
            default ->
                simd.set(reg, PackedInteger.shift(opcode, low, simd.low), PackedInteger.shift(opcode, high, simd.low));
        }
    }

    private long pair(int order) {
        return doubleword(order & 3) | doubleword(order >>> 2 & 3) << 32;
    }

    private long doubleword(int i) {
        return (i < 2 ? simd.low : simd.high) >>> 32 * (i & 1) & 0xFFFF_FFFFL;
    }

    private void shiftImmediate(Instruction instruction, int opcode) {
        requireRegister(instruction);
        int rm = instruction.rm;
        int count = (int) instruction.immediate & 0xFF;
        long low = simd.low(rm);
        long high = simd.high(rm);
        if (opcode == 0x73 && instruction.extension() == 3) { // PSRLDQ
            int bits = 8 * Math.min(count, 16);
            simd.set(rm, PackedInteger.shiftedRight(low, high, bits), bits < 64 ? high >>> bits : 0);
        } else if (opcode == 0x73 && instruction.extension() == 7) { // PSLLDQ
            int bits = 8 * Math.min(count, 16);
            long newHigh = bits == 0 ? high : PackedInteger.shiftedLeft(low, high, bits);
            simd.set(rm, bits < 64 ? low << bits : 0, newHigh);
        } else {
            int shift = shiftOpcode(instruction, opcode);
            simd.set(rm, PackedInteger.shift(shift, low, count), PackedInteger.shift(shift, high, count));
        }
    }

    /** MASKMOV: the bytes of {@code data} whose mask byte has its top bit set go to DS:rDI + {@code displacement}. */
    private void maskedStore(Instruction instruction, long data, long mask, int displacement) {
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < 8; i++) {
                if ((mask >>> (8 * i + 7) & 1) != 0) {
                    long offset = MemoryOperand.masked(cpu.gpr[Cpu.RDI] + displacement + i, instruction.addressSize);
                    long linear = segmentation.forWrite(instruction.segment, offset, 1);
                    if (pass == 0) {
                        mmu.checkWrite(linear, 1);
                    } else {
                        mmu.write8(linear, (int) (data >>> (8 * i)) & 0xFF);
                    }
                }
            }
        }
    }

    private static boolean isSupplemental(int opcode) {
        return opcode == 0 || PackedInteger.isHorizontal(opcode) || PackedInteger.isElementwise38(opcode);
    }

    /** Map 0F38: SSSE3. */
    private void supplemental(Instruction instruction) {
        int opcode = instruction.opcode;
        boolean wide = instruction.operandSizePrefix;
        if (instruction.repeat != 0) {
            throw cpu.invalidOpcode();
        }
        if (wide) {
            simd.requireSse();
            simd.load(instruction);
        } else {
            simd.requireMmx();
            simd.low = simd.loadMmx(instruction);
            simd.high = simd.low;
        }
        int reg = instruction.reg;
        long low = wide ? simd.low(reg) : simd.mmx(reg);
        long high = wide ? simd.high(reg) : 0;
        long resultLow;
        long resultHigh = 0;
        if (opcode == 0) {
            resultLow = PackedInteger.shuffleBytes(low, high, simd.low, wide);
            resultHigh = PackedInteger.shuffleBytes(low, high, simd.high, wide);
        } else if (PackedInteger.isHorizontal(opcode)) {
            long second = wide ? high : simd.low;
            resultLow = PackedInteger.horizontal(opcode, low) | PackedInteger.horizontal(opcode, second) << 32;
            resultHigh = PackedInteger.horizontal(opcode, simd.low) | PackedInteger.horizontal(opcode, simd.high) << 32;
        } else {
            resultLow = PackedInteger.apply38(opcode, low, simd.low);
            resultHigh = PackedInteger.apply38(opcode, high, simd.high);
        }
        if (wide) {
            simd.set(reg, resultLow, resultHigh);
        } else {
            simd.setMmx(reg, resultLow);
        }
    }

    /** PALIGNR, the one SSSE3 instruction of map 0F3A. */
    private void align(Instruction instruction) {
        if (instruction.repeat != 0) {
            throw cpu.invalidOpcode();
        }
        int bits = 8 * ((int) instruction.immediate & 0xFF);
        int reg = instruction.reg;
        if (instruction.operandSizePrefix) {
            simd.requireSse();
            simd.load(instruction);
            simd.set(
                    reg,
                    PackedInteger.window(simd.low, simd.high, simd.low(reg), simd.high(reg), bits),
                    PackedInteger.window(simd.low, simd.high, simd.low(reg), simd.high(reg), bits + 64));
        } else {
            simd.requireMmx();
            simd.setMmx(reg, PackedInteger.window(simd.loadMmx(instruction), simd.mmx(reg), 0, 0, bits));
        }
    }
}
