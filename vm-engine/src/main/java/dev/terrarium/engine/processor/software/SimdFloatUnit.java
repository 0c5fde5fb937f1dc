// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.software.floating.Format;

/** The floating-point instructions of SSE, SSE2 and SSE3, by mandatory prefix. */
final class SimdFloatUnit {
    private static final long LOW_SINGLE = 0xFFFF_FFFFL;
    private static final int SQUARE_ROOT = 0x51;
    private static final int RECIPROCAL_ROOT = 0x52;
    private static final int RECIPROCAL = 0x53;

    private final Cpu cpu;
    private final SimdOperands simd;
    private final SimdFloat elements;

    SimdFloatUnit(Cpu cpu, SimdOperands simd, SimdFloat elements) {
        this.cpu = cpu;
        this.simd = simd;
        this.elements = elements;
    }

    private static boolean isArithmetic(int opcode) {
        return opcode == SimdFloat.ADD
                || opcode == SimdFloat.MULTIPLY
                || (opcode >= SimdFloat.SUBTRACT && opcode <= SimdFloat.MAXIMUM);
    }

    private void setGeneral(Instruction instruction, long value) {
        cpu.gpr[instruction.reg] = instruction.rexW ? value : value & LOW_SINGLE;
    }

    /** F3: the low float. */
    void scalarSingle(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        elements.begin();
        if (isArithmetic(opcode)) {
            long result = elements.singles(opcode, simd.low(reg), simd.load32(instruction));
            elements.complete();
            simd.setLow32(reg, result);
            return;
        }
        switch (opcode) {
            case 0x2A -> { // CVTSI2SS
                long value = simd.loadGeneral(instruction);
                long result = elements.integerToSingle(instruction.rexW ? value : (int) value);
                elements.complete();
                simd.setLow32(reg, result);
            }
            case 0x2C, 0x2D -> { // CVTTSS2SI, CVTSS2SI
                long value = simd.load32(instruction);
                long result = elements.singleToInteger(value, instruction.rexW ? 64 : 32, opcode == 0x2C);
                elements.complete();
                setGeneral(instruction, result);
            }
            case SQUARE_ROOT -> {
                long result = elements.squareRootSingle(simd.load32(instruction));
                elements.complete();
                simd.setLow32(reg, result);
            }
            case RECIPROCAL_ROOT -> simd.setLow32(reg, SimdFloat.reciprocalSquareRoot(simd.load32(instruction)));
            case RECIPROCAL -> simd.setLow32(reg, SimdFloat.reciprocal(simd.load32(instruction)));
            case 0x5A -> { // CVTSS2SD
                long result = elements.singleToDouble(simd.load32(instruction));
                elements.complete();
                simd.setLow(reg, result);
            }
            case 0x5B -> { // CVTTPS2DQ
                simd.load(instruction);
                singlesToIntegers(reg, true);
            }
            case 0xC2 -> { // CMPSS
                long source = simd.load32(instruction);
                long result = elements.compareSingle(simd.low(reg), source, predicate(instruction));
                elements.complete();
                simd.setLow32(reg, result);
            }
            case 0xE6 -> { // CVTDQ2PD
                long pair = simd.load64(instruction);
                simd.set(reg, elements.integerToDouble((int) pair), elements.integerToDouble((int) (pair >> 32)));
            }
            default -> throw cpu.invalidOpcode();
        }
    }

    /** F2: the low double, and a few on pairs. */
    void scalarDouble(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        elements.begin();
        if (isArithmetic(opcode)) {
            long result = elements.doubles(opcode, simd.low(reg), simd.load64(instruction));
            elements.complete();
            simd.setLow(reg, result);
            return;
        }
        switch (opcode) {
            case 0x2A -> { // CVTSI2SD
                long value = simd.loadGeneral(instruction);
                long result = elements.integerToDouble(instruction.rexW ? value : (int) value);
                elements.complete();
                simd.setLow(reg, result);
            }
            case 0x2C, 0x2D -> { // CVTTSD2SI, CVTSD2SI
                long value = simd.load64(instruction);
                long result = elements.doubleToInteger(value, instruction.rexW ? 64 : 32, opcode == 0x2C);
                elements.complete();
                setGeneral(instruction, result);
            }
            case SQUARE_ROOT -> {
                long result = elements.squareRootDouble(simd.load64(instruction));
                elements.complete();
                simd.setLow(reg, result);
            }
            case 0x5A -> { // CVTSD2SS
                long result = elements.doubleToSingle(simd.load64(instruction));
                elements.complete();
                simd.setLow32(reg, result);
            }
            case 0x7C, 0x7D -> { // HADDPS, HSUBPS
                simd.load(instruction);
                int operation = opcode == 0x7C ? SimdFloat.ADD : SimdFloat.SUBTRACT;
                long low = horizontal(operation, simd.low(reg)) | horizontal(operation, simd.high(reg)) << 32;
                long high = horizontal(operation, simd.low) | horizontal(operation, simd.high) << 32;
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0xC2 -> { // CMPSD
                long source = simd.load64(instruction);
                long result = elements.compareDouble(simd.low(reg), source, predicate(instruction));
                elements.complete();
                simd.setLow(reg, result);
            }
            case 0xD0 -> { // ADDSUBPS
                simd.load(instruction);
                long low = subtractAdd(simd.low(reg), simd.low);
                long high = subtractAdd(simd.high(reg), simd.high);
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0xE6 -> { // CVTPD2DQ
                simd.load(instruction);
                doublesToIntegers(reg, false);
            }
            default -> throw cpu.invalidOpcode();
        }
    }

    /** SSE has eight predicates, AVX 32. */
    private static int predicate(Instruction instruction) {
        return (int) instruction.immediate & (instruction.vex ? 31 : 7);
    }

    private long horizontal(int operation, long pair) {
        return elements.singles(operation, pair, pair >>> 32);
    }

    private long subtractAdd(long a, long b) {
        return elements.singles(SimdFloat.SUBTRACT, a, b) | elements.singles(SimdFloat.ADD, a >>> 32, b >>> 32) << 32;
    }

    /** Converts the vector read last to four integers. */
    private void singlesToIntegers(int reg, boolean truncate) {
        long low = singlePairToIntegers(simd.low, truncate);
        long high = singlePairToIntegers(simd.high, truncate);
        elements.complete();
        simd.set(reg, low, high);
    }

    private long singlePairToIntegers(long pair, boolean truncate) {
        return (elements.singleToInteger(pair, 32, truncate) & LOW_SINGLE)
                | elements.singleToInteger(pair >>> 32, 32, truncate) << 32;
    }

    private long doublePairToIntegers(boolean truncate) {
        return (elements.doubleToInteger(simd.low, 32, truncate) & LOW_SINGLE)
                | elements.doubleToInteger(simd.high, 32, truncate) << 32;
    }

    private void doublesToIntegers(int reg, boolean truncate) {
        long result = doublePairToIntegers(truncate);
        elements.complete();
        simd.set(reg, result, 0);
    }

    /** No prefix: four floats. */
    void packedSingle(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        elements.begin();
        if (isArithmetic(opcode)) {
            simd.load(instruction);
            long low = elements.singlePairs(opcode, simd.low(reg), simd.low);
            long high = elements.singlePairs(opcode, simd.high(reg), simd.high);
            elements.complete();
            simd.set(reg, low, high);
            return;
        }
        switch (opcode) {
            case 0x14, 0x15 -> { // UNPCKLPS, UNPCKHPS
                simd.load(instruction);
                long a = opcode == 0x14 ? simd.low(reg) : simd.high(reg);
                long b = opcode == 0x14 ? simd.low : simd.high;
                simd.set(reg, PackedInteger.interleaveLow(a, b, 32), PackedInteger.interleaveHigh(a, b, 32));
            }
            case 0x2A -> { // CVTPI2PS
                simd.requireMmx();
                long pair = simd.loadMmx(instruction);
                long result = integerPairToSingles(pair);
                if (!instruction.memory) {
                    simd.enterMmx();
                }
                elements.complete();
                simd.setLow(reg, result);
            }
            case 0x2C, 0x2D -> { // CVTTPS2PI, CVTPS2PI
                simd.requireMmx();
                long result = singlePairToIntegers(simd.load64(instruction), opcode == 0x2C);
                simd.enterMmx();
                elements.complete();
                simd.setMmx(reg, result);
            }
            case 0x2E, 0x2F ->
                elements.compareToFlags( // UCOMISS, COMISS
                        Format.SINGLE, simd.low(reg) & LOW_SINGLE, simd.load32(instruction), opcode == 0x2F);
            case 0x50 -> { // MOVMSKPS
                requireRegister(instruction);
                long low = simd.low(instruction.rm);
                long high = simd.high(instruction.rm);
                cpu.gpr[reg] = (low >>> 31 & 1) | (low >>> 63) << 1 | (high >>> 31 & 1) << 2 | (high >>> 63) << 3;
            }
            case 0x5A -> { // CVTPS2PD
                long pair = simd.load64(instruction);
                long low = elements.singleToDouble(pair);
                long high = elements.singleToDouble(pair >>> 32);
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0x5B -> { // CVTDQ2PS
                simd.load(instruction);
                long low = integerPairToSingles(simd.low);
                long high = integerPairToSingles(simd.high);
                elements.complete();
                simd.set(reg, low, high);
            }
            default -> packedSingleRest(instruction, opcode, reg);
        }
    }

    private void packedSingleRest(Instruction instruction, int opcode, int reg) {
        switch (opcode) {
            case SQUARE_ROOT, RECIPROCAL_ROOT, RECIPROCAL -> {
                simd.load(instruction);
                long low = functionOfPair(opcode, simd.low);
                long high = functionOfPair(opcode, simd.high);
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0xC2 -> { // CMPPS
                simd.load(instruction);
                int predicate = predicate(instruction);
                long low = comparePairs(simd.low(reg), simd.low, predicate);
                long high = comparePairs(simd.high(reg), simd.high, predicate);
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0xC6 -> { // SHUFPS
                simd.load(instruction);
                int order = (int) instruction.immediate;
                long low = single(simd.low(reg), simd.high(reg), order)
                        | single(simd.low(reg), simd.high(reg), order >>> 2) << 32;
                long high = single(simd.low, simd.high, order >>> 4) | single(simd.low, simd.high, order >>> 6) << 32;
                simd.set(reg, low, high);
            }
            default -> throw cpu.invalidOpcode();
        }
    }

    private static long single(long low, long high, int selector) {
        return ((selector & 2) == 0 ? low : high) >>> 32 * (selector & 1) & LOW_SINGLE;
    }

    private long functionOfPair(int opcode, long pair) {
        return function(opcode, pair) | function(opcode, pair >>> 32) << 32;
    }

    private long function(int opcode, long a) {
        return switch (opcode) {
            case SQUARE_ROOT -> elements.squareRootSingle(a);
            case RECIPROCAL_ROOT -> SimdFloat.reciprocalSquareRoot(a);
            default -> SimdFloat.reciprocal(a);
        };
    }

    private long comparePairs(long a, long b, int predicate) {
        return elements.compareSingle(a, b, predicate) | elements.compareSingle(a >>> 32, b >>> 32, predicate) << 32;
    }

    private long integerPairToSingles(long pair) {
        return elements.integerToSingle((int) pair) | elements.integerToSingle((int) (pair >> 32)) << 32;
    }

    private void requireRegister(Instruction instruction) {
        if (instruction.memory) {
            throw cpu.invalidOpcode();
        }
    }

    /** 66: two doubles. */
    void packedDouble(Instruction instruction, int opcode) {
        int reg = instruction.reg;
        elements.begin();
        if (isArithmetic(opcode)) {
            simd.load(instruction);
            long low = elements.doubles(opcode, simd.low(reg), simd.low);
            long high = elements.doubles(opcode, simd.high(reg), simd.high);
            elements.complete();
            simd.set(reg, low, high);
            return;
        }
        switch (opcode) {
            case 0x14 -> { // UNPCKLPD
                simd.load(instruction);
                simd.setHigh(reg, simd.low);
            }
            case 0x15 -> { // UNPCKHPD
                simd.load(instruction);
                simd.set(reg, simd.high(reg), simd.high);
            }
            case 0x2A -> { // CVTPI2PD
                simd.requireMmx();
                long pair = simd.loadMmx(instruction);
                if (!instruction.memory) {
                    simd.enterMmx();
                }
                simd.set(reg, elements.integerToDouble((int) pair), elements.integerToDouble((int) (pair >> 32)));
            }
            case 0x2C, 0x2D -> { // CVTTPD2PI, CVTPD2PI
                simd.requireMmx();
                simd.load(instruction);
                long result = doublePairToIntegers(opcode == 0x2C);
                simd.enterMmx();
                elements.complete();
                simd.setMmx(reg, result);
            }
            case 0x2E, 0x2F -> // UCOMISD, COMISD
                elements.compareToFlags(Format.DOUBLE, simd.low(reg), simd.load64(instruction), opcode == 0x2F);
            case 0x50 -> { // MOVMSKPD
                requireRegister(instruction);
                cpu.gpr[reg] = simd.low(instruction.rm) >>> 63 | (simd.high(instruction.rm) >>> 63) << 1;
            }
            case SQUARE_ROOT -> {
                simd.load(instruction);
                long low = elements.squareRootDouble(simd.low);
                long high = elements.squareRootDouble(simd.high);
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0x5A -> { // CVTPD2PS
                simd.load(instruction);
                long pair = elements.doubleToSingle(simd.low) | elements.doubleToSingle(simd.high) << 32;
                elements.complete();
                simd.set(reg, pair, 0);
            }
            case 0x5B -> { // CVTPS2DQ
                simd.load(instruction);
                singlesToIntegers(reg, false);
            }
            default -> packedDoubleRest(instruction, opcode, reg);
        }
    }

    private void packedDoubleRest(Instruction instruction, int opcode, int reg) {
        switch (opcode) {
            case 0x7C, 0x7D -> { // HADDPD, HSUBPD
                simd.load(instruction);
                int operation = opcode == 0x7C ? SimdFloat.ADD : SimdFloat.SUBTRACT;
                long low = elements.doubles(operation, simd.low(reg), simd.high(reg));
                long high = elements.doubles(operation, simd.low, simd.high);
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0xC2 -> { // CMPPD
                simd.load(instruction);
                int predicate = predicate(instruction);
                long low = elements.compareDouble(simd.low(reg), simd.low, predicate);
                long high = elements.compareDouble(simd.high(reg), simd.high, predicate);
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0xC6 -> { // SHUFPD
                simd.load(instruction);
                int order = (int) instruction.immediate;
                long low = (order & 1) == 0 ? simd.low(reg) : simd.high(reg);
                simd.set(reg, low, (order & 2) == 0 ? simd.low : simd.high);
            }
            case 0xD0 -> { // ADDSUBPD
                simd.load(instruction);
                long low = elements.doubles(SimdFloat.SUBTRACT, simd.low(reg), simd.low);
                long high = elements.doubles(SimdFloat.ADD, simd.high(reg), simd.high);
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0xE6 -> { // CVTTPD2DQ
                simd.load(instruction);
                doublesToIntegers(reg, true);
            }
            default -> throw cpu.invalidOpcode();
        }
    }
}
