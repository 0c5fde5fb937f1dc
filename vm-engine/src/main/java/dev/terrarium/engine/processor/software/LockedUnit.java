// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * Read-modify-write instructions that are atomic to other processors: those with a LOCK prefix, and XCHG with memory. As
 * long as a machine has one software vCPU, the plain forms are.
 */
final class LockedUnit {
    private final IntegerUnit plain;
    private final Operands operands;

    LockedUnit(IntegerUnit plain, Operands operands) {
        this.plain = plain;
        this.operands = operands;
    }

    void execute(Instruction i) {
        if (i.map == Instruction.MAP_ONE_BYTE) {
            oneByte(i);
        } else {
            twoByte(i);
        }
    }

    private void oneByte(Instruction i) {
        switch (i.opcode) {
            case 0x86, 0x87 -> exchange(i);
            case 0xF6, 0xF7 -> {
                if (i.extension() == 2) {
                    plain.not(i);
                } else {
                    plain.negate(i);
                }
            }
            case 0xFE, 0xFF -> {
                if (i.extension() == 0) {
                    plain.increment(i);
                } else {
                    plain.decrement(i);
                }
            }
            default -> plain.aluMemory(i);
        }
    }

    private void twoByte(Instruction i) {
        switch (i.opcode) {
            case 0xB0, 0xB1 -> plain.compareExchange(i);
            case 0xC0, 0xC1 -> plain.exchangeAdd(i);
            case 0xC7 -> plain.compareExchangePair(i);
            default -> plain.bits.bitTest(i);
        }
    }

    private void exchange(Instruction i) {
        int size = i.operandSize;
        long linear = operands.modifyAddress(i, size);
        long old = operands.load(linear, size);
        operands.store(linear, size, operands.sourceRegister(i, size));
        operands.setRegister(i.source, i.sourceShift, size, old);
    }
}
