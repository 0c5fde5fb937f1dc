// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** MUL, IMUL, DIV and IDIV of every size. */
final class Multiplication {
    private final Operands operands;
    private final Cpu cpu;
    private final long[] gpr;

    Multiplication(Operands operands) {
        this.operands = operands;
        this.cpu = operands.cpu;
        this.gpr = cpu.gpr;
    }

    /** CF and OF say that the upper half matters. SF and PF are the low half's, ZF and AF clear, as Intel has it. */
    private void flags(long low, int size, boolean overflow) {
        long result = Operands.signExtend(low, size);
        cpu.setCarryAndOverflow(overflow, overflow);
        if (result == 0) {
            cpu.flagResult = 1;
            cpu.flagAux = 1 << 8;
        } else {
            cpu.flagResult = result;
            cpu.flagAux = 0;
        }
    }

    /** rDX:rAX (AX for bytes) = the product's two halves. */
    private void setPair(int size, long low, long high) {
        if (size == 1) {
            operands.setRegister(Cpu.RAX, 0, 2, (low & 0xFF) | (high & 0xFF) << 8);
        } else {
            operands.setRegister(Cpu.RAX, 0, size, low);
            operands.setRegister(Cpu.RDX, 0, size, high);
        }
    }

    void multiply(Instruction i) {
        int size = i.operandSize;
        long factor = operands.source(i, size);
        long accumulator = Operands.zeroExtend(gpr[Cpu.RAX], size);
        long low = accumulator * factor;
        long high = size == 8 ? Math.unsignedMultiplyHigh(accumulator, factor) : low >>> (8 * size);
        setPair(size, low, high);
        flags(low, size, high != 0);
    }

    void multiplySigned(Instruction i) {
        int size = i.operandSize;
        long factor = Operands.signExtend(operands.source(i, size), size);
        long accumulator = Operands.signExtend(gpr[Cpu.RAX], size);
        long low = accumulator * factor;
        long high = size == 8 ? Math.multiplyHigh(accumulator, factor) : low >> (8 * size);
        setPair(size, low, high);
        flags(low, size, high != Operands.signExtend(low, size) >> 63);
    }

    /** IMUL reg, r/m. */
    void multiplyRegister(Instruction i) {
        int size = i.operandSize;
        truncated(
                i, Operands.signExtend(gpr[i.destination], size), Operands.signExtend(operands.source(i, size), size));
    }

    /** IMUL reg, r/m, immediate. */
    void multiplyImmediate(Instruction i) {
        int size = i.operandSize;
        long factor = i.memory ? operands.load(operands.readAddress(i, size), size) : gpr[i.source];
        truncated(i, Operands.signExtend(factor, size), i.immediate);
    }

    private void truncated(Instruction i, long a, long b) {
        int size = i.operandSize;
        long low = a * b;
        boolean overflow = size == 8 ? Math.multiplyHigh(a, b) != low >> 63 : Operands.signExtend(low, size) != low;
        operands.setRegister(i.destination, 0, size, low);
        flags(low, size, overflow);
    }

    private GuestFault divideError() {
        return cpu.fault(GuestFault.DIVIDE_ERROR, GuestFault.NO_ERROR_CODE);
    }

    void divide(Instruction i) {
        int size = i.operandSize;
        long divisor = operands.source(i, size);
        if (divisor == 0) {
            throw divideError();
        }
        switch (size) {
            case 8 -> divide128(divisor);
            case 4 -> {
                long dividend = gpr[Cpu.RDX] << 32 | (gpr[Cpu.RAX] & 0xFFFF_FFFFL);
                long quotient = Long.divideUnsigned(dividend, divisor);
                if (quotient >>> 32 != 0) {
                    throw divideError();
                }
                setPair(4, quotient, Long.remainderUnsigned(dividend, divisor));
            }
            default -> {
                long dividend =
                        size == 1 ? gpr[Cpu.RAX] & 0xFFFF : (gpr[Cpu.RDX] & 0xFFFF) << 16 | (gpr[Cpu.RAX] & 0xFFFF);
                long quotient = dividend / divisor;
                if (quotient >>> (8 * size) != 0) {
                    throw divideError();
                }
                setPair(size, quotient, dividend % divisor);
            }
        }
    }

    private void divide128(long divisor) {
        long high = gpr[Cpu.RDX];
        long low = gpr[Cpu.RAX];
        if (Long.compareUnsigned(high, divisor) >= 0) {
            throw divideError();
        }
        if (high == 0) {
            setPair(8, Long.divideUnsigned(low, divisor), Long.remainderUnsigned(low, divisor));
            return;
        }
        long quotient = quotient128(high, low, divisor);
        setPair(8, quotient, low - quotient * divisor);
    }

    /** high:low / divisor where high < divisor, all unsigned (Knuth, volume 2, 4.3.1, algorithm D with 32-bit digits). */
    static long quotient128(long high, long low, long divisor) {
        int shift = Long.numberOfLeadingZeros(divisor);
        long d = divisor << shift;
        long dHigh = d >>> 32;
        long dLow = d & 0xFFFF_FFFFL;
        long top = shift == 0 ? high : high << shift | low >>> (64 - shift);
        long rest = low << shift;
        long first = digit(top, rest >>> 32, dHigh, dLow);
        long remainder = (top << 32 | rest >>> 32) - first * d;
        long second = digit(remainder, rest & 0xFFFF_FFFFL, dHigh, dLow);
        return first << 32 | second;
    }

    private static long digit(long top, long next, long dHigh, long dLow) {
        long estimate = Long.divideUnsigned(top, dHigh);
        long remainder = top - estimate * dHigh;
        while (estimate >>> 32 != 0 || Long.compareUnsigned(estimate * dLow, remainder << 32 | next) > 0) {
            estimate--;
            remainder += dHigh;
            if (remainder >>> 32 != 0) {
                break;
            }
        }
        return estimate;
    }

    void divideSigned(Instruction i) {
        int size = i.operandSize;
        long divisor = Operands.signExtend(operands.source(i, size), size);
        if (divisor == 0) {
            throw divideError();
        }
        if (size == 8) {
            divideSigned128(divisor);
            return;
        }
        long dividend =
                switch (size) {
                    case 4 -> gpr[Cpu.RDX] << 32 | (gpr[Cpu.RAX] & 0xFFFF_FFFFL);
                    case 2 -> (int) gpr[Cpu.RDX] << 16 | (int) gpr[Cpu.RAX] & 0xFFFF;
                    default -> (short) gpr[Cpu.RAX];
                };
        if (dividend == Long.MIN_VALUE && divisor == -1) {
            throw divideError();
        }
        long quotient = dividend / divisor;
        if (quotient != Operands.signExtend(quotient, size)) {
            throw divideError();
        }
        setPair(size, quotient, dividend % divisor);
    }

    private void divideSigned128(long divisor) {
        long high = gpr[Cpu.RDX];
        long low = gpr[Cpu.RAX];
        if (high == low >> 63 && !(low == Long.MIN_VALUE && divisor == -1)) {
            setPair(8, low / divisor, low % divisor);
            return;
        }
        boolean negative = high < 0;
        if (negative) {
            high = low == 0 ? -high : ~high;
            low = -low;
        }
        long magnitude = Math.abs(divisor);
        if (Long.compareUnsigned(high, magnitude) >= 0) {
            throw divideError();
        }
        long quotient = high == 0 ? Long.divideUnsigned(low, magnitude) : quotient128(high, low, magnitude);
        long remainder = low - quotient * magnitude;
        boolean negativeQuotient = negative != divisor < 0;
        if (quotient < 0 && !(negativeQuotient && quotient == Long.MIN_VALUE)) {
            throw divideError();
        }
        setPair(8, negativeQuotient ? -quotient : quotient, negative ? -remainder : remainder);
    }
}
