// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.security.SecureRandom;

/**
 * POPCNT, LZCNT, MOVBE, CRC32, BMI1, BMI2, RDRAND, RDSEED and the FSGSBASE instructions (Intel SDM volume 2). Flags that the
 * manual leaves undefined come out as for a logical operation.
 */
final class BitManipulationUnit {
    private static final long LOW_32 = 0xFFFF_FFFFL;

    /** The polynomial of CRC-32C (RFC 3720, section 12.1), reflected. */
    private static final int CASTAGNOLI = 0x82F6_3B78;

    private static final int[] CRC_TABLE = crcTable();

    private final Operands operands;
    private final Cpu cpu;
    private final long[] gpr;
    private final SecureRandom random = new SecureRandom();

    BitManipulationUnit(Operands operands) {
        this.operands = operands;
        this.cpu = operands.cpu;
        this.gpr = cpu.gpr;
    }

    private static int[] crcTable() {
        int[] table = new int[256];
        for (int value = 0; value < 256; value++) {
            int crc = value;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >>> 1 ^ (CASTAGNOLI & -(crc & 1));
            }
            table[value] = crc;
        }
        return table;
    }

    void execute(Instruction i) {
        int size = i.operandSize;
        switch (i.op) {
            case Op.POPCNT -> {
                long value = operands.source(i, size);
                operands.setDestination(i, size, Long.bitCount(value));
                cpu.setArithmeticFlags(value == 0 ? Cpu.FLAG_ZF : 0);
            }
            case Op.TZCNT -> {
                long value = operands.source(i, size);
                counted(i, value == 0 ? 8 * size : Long.numberOfTrailingZeros(value), value);
            }
            case Op.LZCNT -> {
                long value = operands.source(i, size);
                counted(i, Long.numberOfLeadingZeros(value) - (64 - 8 * size), value);
            }
            case Op.MOVBE_L -> {
                long value = operands.load(operands.readAddress(i, size), size);
                operands.setDestination(i, size, swapped(value, size));
            }
            case Op.MOVBE_M ->
                operands.store(operands.writeAddress(i, size), size, swapped(operands.sourceRegister(i, size), size));
            case Op.CRC32 ->
                gpr[i.destination] = checksum(gpr[i.destination], operands.source(i, i.operation), i.operation);
            case Op.RANDOM -> {
                operands.setDestination(i, size, random.nextLong());
                cpu.setArithmeticFlags(Cpu.FLAG_CF);
            }
            case Op.SEGMENT_BASE -> segmentBase(i, size);
            default -> {
                if (!i.vex || cpu.selectorsAreParagraphs()) {
                    throw cpu.invalidOpcode();
                }
                executeVex(i, size);
            }
        }
    }

    /** CRC32 with a source of so many bytes. */
    static long checksum(long before, long value, int bytes) {
        int crc = (int) before;
        for (int n = 0; n < bytes; n++) {
            crc = crc >>> 8 ^ CRC_TABLE[(crc ^ (int) (value >>> 8 * n)) & 0xFF];
        }
        return crc & LOW_32;
    }

    private void executeVex(Instruction i, int size) {
        long source = operands.source(i, size);
        long other = Operands.zeroExtend(gpr[i.vvvv], size);
        switch (i.op) {
            case Op.ANDN -> operands.setDestination(i, size, Arithmetic.logic(cpu, ~other & source, size));
            case Op.BEXTR -> {
                long field = (other & 0xFF) < 64 ? source >>> other : 0;
                int length = (int) (other >>> 8) & 0xFF;
                operands.setDestination(
                        i, size, Arithmetic.logic(cpu, length < 64 ? field & ~(-1L << length) : field, size));
            }
            case Op.BLSR -> lowestBit(i, source & source - 1, source == 0);
            case Op.BLSMSK -> lowestBit(i, source ^ source - 1, source == 0);
            case Op.BLSI -> lowestBit(i, source & -source, source != 0);
            case Op.BZHI -> {
                int index = (int) other & 0xFF;
                boolean beyond = index >= 8 * size;
                operands.setDestination(
                        i, size, Arithmetic.logic(cpu, beyond ? source : source & ~(-1L << index), size));
                cpu.setCarry(beyond);
            }
            case Op.PDEP -> operands.setDestination(i, size, Long.expand(other, source));
            case Op.PEXT -> operands.setDestination(i, size, Long.compress(other, source));
            case Op.MULX -> multiply(i, size, source);
            case Op.RORX ->
                operands.setDestination(
                        i,
                        size,
                        size == 8
                                ? Long.rotateRight(source, i.operation)
                                : Integer.rotateRight((int) source, i.operation));
            case Op.SARX -> {
                long extended = Operands.signExtend(source, size);
                operands.setDestination(i, size, extended >> (other & 8 * size - 1));
            }
            case Op.SHLX -> operands.setDestination(i, size, source << (other & 8 * size - 1));
            case Op.SHRX -> operands.setDestination(i, size, source >>> (other & 8 * size - 1));
            default -> throw cpu.invalidOpcode();
        }
    }

    /** CF says that the source was zero, ZF that the result is. */
    private void counted(Instruction i, int count, long source) {
        operands.setDestination(i, i.operandSize, count);
        Arithmetic.logic64(cpu, count);
        cpu.setCarry(source == 0);
    }

    private static long swapped(long value, int size) {
        return Long.reverseBytes(value) >>> (64 - 8 * size);
    }

    private void lowestBit(Instruction i, long result, boolean carry) {
        int size = i.operandSize;
        operands.setRegister(i.vvvv, 0, size, Arithmetic.logic(cpu, result, size));
        cpu.setCarry(carry);
    }

    /** The high half is written last: it is what remains when both destinations are the same. */
    private void multiply(Instruction i, int size, long source) {
        long first = Operands.zeroExtend(gpr[Cpu.RDX], size);
        long low = first * source;
        long high = size == 8 ? Math.unsignedMultiplyHigh(first, source) : low >>> 32;
        operands.setRegister(i.vvvv, 0, size, low);
        operands.setDestination(i, size, high);
    }

    private void segmentBase(Instruction i, int size) {
        if ((cpu.cr4 & Cpu.CR4_FSGSBASE) == 0) {
            throw cpu.invalidOpcode();
        }
        int segment = (i.operation & 1) == 0 ? Cpu.FS : Cpu.GS;
        if (i.operation < 2) {
            operands.setDestination(i, size, cpu.segmentBase[segment]);
            return;
        }
        long base = operands.destination(i, size);
        if (!Cpu.canonical(base)) {
            throw cpu.generalProtection(0);
        }
        cpu.segmentBase[segment] = base;
    }
}
