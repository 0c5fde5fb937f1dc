// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** FMA and F16C (Intel SDM volume 1, sections 14.4 and 14.5). */
final class FusedUnit {
    private static final int ADD_SUBTRACT = 6;
    private static final int SUBTRACT_ADD = 7;

    private final VectorRegisters registers;
    private final SimdFloat elements;

    FusedUnit(VectorRegisters registers, SimdFloat elements) {
        this.registers = registers;
        this.elements = elements;
    }

    void execute(Instruction i) {
        elements.begin();
        if (i.map == Instruction.MAP_0F3A) {
            toHalves(i);
        } else if (i.opcode == 0x13) {
            fromHalves(i);
        } else {
            fuse(i);
        }
    }

    /** VCVTPH2PS. */
    private void fromHalves(Instruction i) {
        int count = 4 * VectorRegisters.lanes(i);
        registers.load(i, 2 * count);
        for (int n = 0; n < count; n++) {
            long half = registers.source[n / 4] >>> 16 * (n & 3) & 0xFFFF;
            registers.setResultElement(4, n, elements.halfToSingle(half));
        }
        elements.complete();
        registers.store(i.reg, VectorRegisters.lanes(i));
    }

    /** VCVTPS2PH, whose destination is ModRM.rm. */
    private void toHalves(Instruction i) {
        int count = 4 * VectorRegisters.lanes(i);
        int control = (int) i.immediate;
        registers.clearResult();
        for (int n = 0; n < count; n++) {
            long half = elements.singleToHalf(registers.element(i.reg, 4, n), control);
            registers.result[n / 4] |= half << 16 * (n & 3);
        }
        if (!i.memory) {
            elements.complete();
            registers.store(i.rm, 1);
            return;
        }
        long linear = registers.operands.forWrite(i, 2 * count);
        registers.mmu.checkWrite(linear, 2 * count);
        elements.complete();
        registers.mmu.write64(linear, registers.result[0]);
        if (i.vexL) {
            registers.mmu.write64(linear + 8, registers.result[1]);
        }
    }

    /** The digit of the opcode says which of the three operands are multiplied, the other one what is done. */
    private void fuse(Instruction i) {
        int kind = i.opcode & 15;
        int order = i.opcode >>> 4;
        int size = i.vexW ? 8 : 4;
        boolean scalar = kind > 8 && (kind & 1) != 0;
        int count = scalar ? 1 : 16 / size * VectorRegisters.lanes(i);
        registers.load(i, scalar ? size : 16 * VectorRegisters.lanes(i));
        if (scalar) {
            registers.result[0] = registers.get(i.reg, 0);
            registers.result[1] = registers.get(i.reg, 1);
        }
        for (int n = 0; n < count; n++) {
            long first = registers.element(i.reg, size, n);
            long second = registers.element(i.vvvv, size, n);
            long third = registers.sourceElement(size, n);
            boolean negateProduct = kind >= 12;
            boolean negateAddend =
                    switch (kind) {
                        case ADD_SUBTRACT -> (n & 1) == 0;
                        case SUBTRACT_ADD -> (n & 1) != 0;
                        default -> (kind & 2) != 0;
                    };
            long value =
                    switch (order) {
                        case 9 -> elements.fuse(size, first, third, second, negateProduct, negateAddend);
                        case 10 -> elements.fuse(size, second, first, third, negateProduct, negateAddend);
                        default -> elements.fuse(size, second, third, first, negateProduct, negateAddend);
                    };
            registers.setResultElement(size, n, value);
        }
        elements.complete();
        registers.store(i.reg, scalar ? 1 : VectorRegisters.lanes(i));
    }
}
