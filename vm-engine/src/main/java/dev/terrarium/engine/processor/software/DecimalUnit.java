// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** The decimal adjustments (Intel SDM volume 2: DAA, DAS, AAA, AAS, AAM, AAD). */
final class DecimalUnit {
    private final Operands operands;
    private final Cpu cpu;

    DecimalUnit(Operands operands) {
        this.operands = operands;
        this.cpu = operands.cpu;
    }

    private int al() {
        return (int) cpu.gpr[Cpu.RAX] & 0xFF;
    }

    private void setAx(int value) {
        operands.setRegister(Cpu.RAX, 0, 2, value);
    }

    private void setAl(int value) {
        operands.setRegister(Cpu.RAX, 0, 1, value);
    }

    /** SF, ZF and PF of AL, the other flags as given, OF clear. */
    private void flags(boolean carry, boolean auxiliary) {
        Arithmetic.logic(cpu, al(), 1);
        cpu.flagAux = auxiliary ? Cpu.FLAG_AF : 0;
        cpu.setCarryAndOverflow(carry, false);
    }

    void adjustAfterAddition() {
        packed(1);
    }

    void adjustAfterSubtraction() {
        packed(-1);
    }

    private void packed(int sign) {
        int old = al();
        boolean oldCarry = cpu.carry();
        boolean auxiliary = (old & 0xF) > 9 || cpu.auxiliaryCarry();
        boolean carry = old > 0x99 || oldCarry;
        int value = old;
        if (auxiliary) {
            value += sign * 6;
        }
        boolean lowBorrow = sign < 0 && auxiliary && old < 6;
        if (carry) {
            value += sign * 0x60;
        }
        setAl(value);
        flags(carry || lowBorrow, auxiliary);
    }

    void asciiAfterAddition() {
        ascii(1);
    }

    void asciiAfterSubtraction() {
        ascii(-1);
    }

    private void ascii(int sign) {
        int ax = (int) cpu.gpr[Cpu.RAX] & 0xFFFF;
        boolean adjust = (ax & 0xF) > 9 || cpu.auxiliaryCarry();
        if (adjust) {
            ax += sign * 0x106;
        }
        setAx(ax & 0xFF0F);
        flags(adjust, adjust);
    }

    void asciiAfterMultiplication(Instruction i) {
        int base = (int) i.immediate & 0xFF;
        if (base == 0) {
            throw cpu.fault(GuestFault.DIVIDE_ERROR, GuestFault.NO_ERROR_CODE);
        }
        setAx(al() / base << 8 | al() % base);
        flags(false, false);
    }

    void asciiBeforeDivision(Instruction i) {
        int ah = (int) cpu.gpr[Cpu.RAX] >>> 8 & 0xFF;
        setAx((al() + ah * (int) i.immediate) & 0xFF);
        flags(false, false);
    }
}
