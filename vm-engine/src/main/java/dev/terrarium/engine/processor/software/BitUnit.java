// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** BT, BTS, BTR, BTC, BSF, BSR and BSWAP. */
final class BitUnit {
    static final int TEST = 0;
    static final int SET = 1;
    static final int RESET = 2;
    static final int COMPLEMENT = 3;

    private static final int GROUP_EIGHT = 0xBA;

    private final Operands operands;
    private final Cpu cpu;

    BitUnit(Operands operands) {
        this.operands = operands;
        this.cpu = operands.cpu;
    }

    /**
     * With the bit offset in a register and a memory operand, the operand is a bit string: the offset, signed, reaches
     * past the operand on both sides.
     */
    void bitTest(Instruction i) {
        int size = i.operandSize;
        boolean immediate = i.opcode == GROUP_EIGHT;
        long offset = immediate ? i.immediate : Operands.signExtend(cpu.gpr[i.source], size);
        int bit = (int) offset & (8 * size - 1);
        if (!i.memory) {
            long value = operands.destination(i, size);
            cpu.setCarry((value >>> bit & 1) != 0);
            if (i.operation != TEST) {
                operands.setDestination(i, size, changed(i.operation, value, bit));
            }
            return;
        }
        long words = immediate ? 0 : (offset - bit) / 8;
        long address = operands.effectiveAddress(i) + words;
        if (i.operation == TEST) {
            long value = operands.load(operands.readAddress(i, address, size), size);
            cpu.setCarry((value >>> bit & 1) != 0);
            return;
        }
        long linear = operands.modifyAddress(i, address, size);
        long value = operands.load(linear, size);
        operands.store(linear, size, changed(i.operation, value, bit));
        cpu.setCarry((value >>> bit & 1) != 0);
    }

    /** {@code value} with one bit set, reset or complemented. */
    static long changed(int operation, long value, int bit) {
        long mask = 1L << bit;
        return switch (operation) {
            case SET -> value | mask;
            case RESET -> value & ~mask;
            default -> value ^ mask;
        };
    }

    void scanForward(Instruction i) {
        long value = operands.source(i, i.operandSize);
        scanned(i, value, Long.numberOfTrailingZeros(value));
    }

    void scanReverse(Instruction i) {
        long value = operands.source(i, i.operandSize);
        scanned(i, value, 63 - Long.numberOfLeadingZeros(value));
    }

    /** A source of zero leaves the destination as it is, all 64 bits; PF is the position's, the other flags are clear. */
    private void scanned(Instruction i, long value, int position) {
        if (value != 0) {
            operands.setDestination(i, i.operandSize, position);
        }
        boolean evenParity = value == 0 || (Integer.bitCount(position) & 1) == 0;
        cpu.setArithmeticFlags((value == 0 ? Cpu.FLAG_ZF : 0) | (evenParity ? Cpu.FLAG_PF : 0));
    }

    /** With a 16-bit operand (undefined) the result is 0, as on Intel processors. */
    void byteSwap(Instruction i) {
        int size = i.operandSize;
        long value = operands.destination(i, size);
        long swapped =
                switch (size) {
                    case 8 -> Long.reverseBytes(value);
                    case 4 -> Integer.reverseBytes((int) value);
                    default -> 0;
                };
        operands.setDestination(i, size, swapped);
    }
}
