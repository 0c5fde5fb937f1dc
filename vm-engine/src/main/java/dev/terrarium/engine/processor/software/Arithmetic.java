// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * Addition, subtraction and logic with their flags (Intel SDM volume 1, appendix A). Each leaves the lazy flags described
 * in {@link Cpu} and returns the result. The forms of any size take operands extended either way and return the result
 * sign-extended.
 */
final class Arithmetic {
    static final int ADD = 0;
    static final int OR = 1;
    static final int ADC = 2;
    static final int SBB = 3;
    static final int AND = 4;
    static final int SUB = 5;
    static final int XOR = 6;
    static final int CMP = 7;

    private static final int AF = Cpu.FLAG_AF;

    private Arithmetic() {}

    static int add32(Cpu cpu, int a, int b) {
        int result = a + b;
        cpu.flagResult = result;
        cpu.flagCarries = (long) ((a & b) | ((a | b) & ~result)) << 32;
        cpu.flagAux = (a ^ b ^ result) & AF;
        return result;
    }

    static long add64(Cpu cpu, long a, long b) {
        long result = a + b;
        cpu.flagResult = result;
        cpu.flagCarries = (a & b) | ((a | b) & ~result);
        cpu.flagAux = (int) (a ^ b ^ result) & AF;
        return result;
    }

    static int sub32(Cpu cpu, int a, int b) {
        int result = a - b;
        cpu.flagResult = result;
        cpu.flagCarries = (long) ((~a & b) | ((~a | b) & result)) << 32;
        cpu.flagAux = (a ^ b ^ result) & AF;
        return result;
    }

    static long sub64(Cpu cpu, long a, long b) {
        long result = a - b;
        cpu.flagResult = result;
        cpu.flagCarries = (~a & b) | ((~a | b) & result);
        cpu.flagAux = (int) (a ^ b ^ result) & AF;
        return result;
    }

    /** The flags of the subtraction of byte {@code b} from byte {@code a}. */
    static void compare8(Cpu cpu, int a, int b) {
        int result = a - b;
        cpu.flagResult = (byte) result;
        cpu.flagCarries = (long) ((~a & b) | ((~a | b) & result)) << 56;
        cpu.flagAux = (a ^ b ^ result) & AF;
    }

    static int adc32(Cpu cpu, int a, int b) {
        int result = a + b + cpu.carryBit();
        cpu.flagResult = result;
        cpu.flagCarries = (long) ((a & b) | ((a | b) & ~result)) << 32;
        cpu.flagAux = (a ^ b ^ result) & AF;
        return result;
    }

    static long adc64(Cpu cpu, long a, long b) {
        long result = a + b + cpu.carryBit();
        cpu.flagResult = result;
        cpu.flagCarries = (a & b) | ((a | b) & ~result);
        cpu.flagAux = (int) (a ^ b ^ result) & AF;
        return result;
    }

    static int sbb32(Cpu cpu, int a, int b) {
        int result = a - b - cpu.carryBit();
        cpu.flagResult = result;
        cpu.flagCarries = (long) ((~a & b) | ((~a | b) & result)) << 32;
        cpu.flagAux = (a ^ b ^ result) & AF;
        return result;
    }

    static long sbb64(Cpu cpu, long a, long b) {
        long result = a - b - cpu.carryBit();
        cpu.flagResult = result;
        cpu.flagCarries = (~a & b) | ((~a | b) & result);
        cpu.flagAux = (int) (a ^ b ^ result) & AF;
        return result;
    }

    /** The flags of a logical operation whose sign-extended result is {@code result}. */
    static int logic32(Cpu cpu, int result) {
        cpu.flagResult = result;
        cpu.flagCarries = 0;
        cpu.flagAux = 0;
        return result;
    }

    static long logic64(Cpu cpu, long result) {
        cpu.flagResult = result;
        cpu.flagCarries = 0;
        cpu.flagAux = 0;
        return result;
    }

    /** INC and DEC of any size leave CF alone. */
    static long increment(Cpu cpu, long a, int size) {
        int unused = 64 - 8 * size;
        long result = a + 1 << unused >> unused;
        flagsButCarry(cpu, result, result << unused == Long.MIN_VALUE, (int) (a ^ 1 ^ result) & AF);
        return result;
    }

    static long decrement(Cpu cpu, long a, int size) {
        int unused = 64 - 8 * size;
        long result = a - 1 << unused >> unused;
        flagsButCarry(cpu, result, a << unused == Long.MIN_VALUE, (int) (a ^ 1 ^ result) & AF);
        return result;
    }

    private static void flagsButCarry(Cpu cpu, long result, boolean overflow, int aux) {
        cpu.flagResult = result;
        cpu.flagAux = aux;
        long carry = cpu.flagCarries & Long.MIN_VALUE;
        cpu.flagCarries = (carry | carry >>> 1) ^ (overflow ? 1L << 62 : 0);
    }

    static long add(Cpu cpu, long a, long b, long carry, int size) {
        int unused = 64 - 8 * size;
        long result = a + b + carry;
        cpu.flagResult = result << unused >> unused;
        cpu.flagCarries = ((a & b) | ((a | b) & ~result)) << unused;
        cpu.flagAux = (int) (a ^ b ^ result) & AF;
        return cpu.flagResult;
    }

    static long subtract(Cpu cpu, long a, long b, long borrow, int size) {
        int unused = 64 - 8 * size;
        long result = a - b - borrow;
        cpu.flagResult = result << unused >> unused;
        cpu.flagCarries = ((~a & b) | ((~a | b) & result)) << unused;
        cpu.flagAux = (int) (a ^ b ^ result) & AF;
        return cpu.flagResult;
    }

    static long logic(Cpu cpu, long result, int size) {
        int unused = 64 - 8 * size;
        return logic64(cpu, result << unused >> unused);
    }

    /** One of the eight operations of opcodes 00 to 3F and group 1; CMP returns {@code a}. */
    static long alu(Cpu cpu, int operation, long a, long b, int size) {
        return switch (operation) {
            case ADD -> add(cpu, a, b, 0, size);
            case OR -> logic(cpu, a | b, size);
            case ADC -> add(cpu, a, b, cpu.carryBit(), size);
            case SBB -> subtract(cpu, a, b, cpu.carryBit(), size);
            case AND -> logic(cpu, a & b, size);
            case SUB -> subtract(cpu, a, b, 0, size);
            case XOR -> logic(cpu, a ^ b, size);
            default -> {
                subtract(cpu, a, b, 0, size);
                yield a;
            }
        };
    }
}
