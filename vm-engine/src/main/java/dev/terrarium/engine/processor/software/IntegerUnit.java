// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** The general-purpose instructions that the interpreter's own switch does not hold, of any size and form. */
final class IntegerUnit {
    final BitUnit bits;
    private final Operands operands;
    private final Cpu cpu;
    private final long[] gpr;
    private final Mmu mmu;
    private final Multiplication multiplication;
    private final DecimalUnit decimal;
    private final StackUnit stack;
    private final LockedUnit locked;
    private final BitManipulationUnit bitManipulation;

    IntegerUnit(Operands operands) {
        this.operands = operands;
        this.cpu = operands.cpu;
        this.gpr = cpu.gpr;
        this.mmu = operands.mmu;
        this.bits = new BitUnit(operands);
        this.multiplication = new Multiplication(operands);
        this.decimal = new DecimalUnit(operands);
        this.stack = new StackUnit(operands);
        this.locked = new LockedUnit(this, operands);
        this.bitManipulation = new BitManipulationUnit(operands);
    }

    /** Frequent read-modify-writes and what else is left; a second switch so that the first stays small. */
    void execute(Instruction i) {
        switch (i.op) {
            case Op.ADD32_M -> {
                long linear = operands.modifyAddress(i, 4);
                mmu.write32(linear, Arithmetic.add32(cpu, mmu.read32(linear), immediateOrRegister(i)));
            }
            case Op.ADD64_M -> {
                long linear = operands.modifyAddress(i, 8);
                mmu.write64(linear, Arithmetic.add64(cpu, mmu.read64(linear), gpr[i.source] + i.immediate));
            }
            case Op.SUB32_M -> {
                long linear = operands.modifyAddress(i, 4);
                mmu.write32(linear, Arithmetic.sub32(cpu, mmu.read32(linear), immediateOrRegister(i)));
            }
            case Op.SUB64_M -> {
                long linear = operands.modifyAddress(i, 8);
                mmu.write64(linear, Arithmetic.sub64(cpu, mmu.read64(linear), gpr[i.source] + i.immediate));
            }
            case Op.OR32_M -> {
                long linear = operands.modifyAddress(i, 4);
                mmu.write32(linear, Arithmetic.logic32(cpu, mmu.read32(linear) | immediateOrRegister(i)));
            }
            case Op.OR64_M -> {
                long linear = operands.modifyAddress(i, 8);
                mmu.write64(linear, Arithmetic.logic64(cpu, mmu.read64(linear) | (gpr[i.source] + i.immediate)));
            }
            case Op.AND32_M -> {
                long linear = operands.modifyAddress(i, 4);
                mmu.write32(linear, Arithmetic.logic32(cpu, mmu.read32(linear) & immediateOrRegister(i)));
            }
            case Op.AND64_M -> {
                long linear = operands.modifyAddress(i, 8);
                mmu.write64(linear, Arithmetic.logic64(cpu, mmu.read64(linear) & (gpr[i.source] + i.immediate)));
            }
            case Op.XOR32_M -> {
                long linear = operands.modifyAddress(i, 4);
                mmu.write32(linear, Arithmetic.logic32(cpu, mmu.read32(linear) ^ immediateOrRegister(i)));
            }
            case Op.XOR64_M -> {
                long linear = operands.modifyAddress(i, 8);
                mmu.write64(linear, Arithmetic.logic64(cpu, mmu.read64(linear) ^ (gpr[i.source] + i.immediate)));
            }
            case Op.ADC32_L, Op.ADC64_L, Op.SBB32_L, Op.SBB64_L, Op.ALU_L, Op.ALU_R -> aluRegister(i);
            case Op.ADC32_M, Op.ADC64_M, Op.SBB32_M, Op.SBB64_M, Op.ALU_M -> aluMemory(i);
            case Op.CMOV -> {
                int size = i.operandSize;
                long value = operands.source(i, size);
                operands.setDestination(
                        i, size, operands.condition(i.operation) ? value : operands.destination(i, size));
            }
            case Op.INC -> increment(i);
            case Op.DEC -> decrement(i);
            case Op.SHIFT -> shift(i);
            case Op.SHIFT_DOUBLE -> shiftDouble(i);
            case Op.MOVSX -> moveSignExtended(i);
            case Op.IMUL_REGISTER -> multiplication.multiplyRegister(i);
            case Op.IMUL_IMMEDIATE -> multiplication.multiplyImmediate(i);
            case Op.MUL -> multiplication.multiply(i);
            case Op.BIT_TEST -> bits.bitTest(i);
            case Op.LOCKED -> locked.execute(i);
            case Op.PUSH -> stack.push(i);
            case Op.POP -> stack.pop(i);
            case Op.MOV_L -> operands.setDestination(i, i.operandSize, operands.source(i, i.operandSize));
            case Op.MOV_R -> operands.setDestination(i, i.operandSize, operands.sourceRegister(i, i.operandSize));
            default -> rare(i);
        }
    }

    private void rare(Instruction i) {
        int size = i.operandSize;
        switch (i.op) {
            case Op.MOVZX -> operands.setDestination(i, size, operands.source(i, i.operation));
            case Op.MOV_FROM_SEGMENT -> moveFromSegment(i);
            case Op.LEA -> operands.setDestination(i, size, operands.effectiveAddress(i));
            case Op.TEST_R ->
                Arithmetic.logic(cpu, operands.destination(i, size) & operands.sourceRegister(i, size), size);
            case Op.TEST_M -> {
                long value = operands.load(operands.readAddress(i, size), size);
                Arithmetic.logic(cpu, value & operands.sourceRegister(i, size), size);
            }
            case Op.SETCC_M -> operands.store(operands.writeAddress(i, 1), 1, operands.condition(i.operation) ? 1 : 0);
            case Op.NOT -> not(i);
            case Op.NEG -> negate(i);
            case Op.IMUL -> multiplication.multiplySigned(i);
            case Op.DIV -> multiplication.divide(i);
            case Op.IDIV -> multiplication.divideSigned(i);
            case Op.BSF -> bits.scanForward(i);
            case Op.BSR -> bits.scanReverse(i);
            case Op.BSWAP -> bits.byteSwap(i);
            case Op.XADD -> exchangeAdd(i);
            case Op.CMPXCHG -> compareExchange(i);
            case Op.CMPXCHG_PAIR -> compareExchangePair(i);
            case Op.XCHG_R -> exchangeRegisters(i);
            case Op.CONVERT -> operands.setRegister(Cpu.RAX, 0, size, Operands.signExtend(gpr[Cpu.RAX], size / 2));
            case Op.CONVERT_PAIR ->
                operands.setRegister(Cpu.RDX, 0, size, Operands.signExtend(gpr[Cpu.RAX], size) >> 63);
            case Op.LAHF -> operands.setRegister(Cpu.RAX, 8, 1, cpu.flags() & 0xFF);
            case Op.SAHF -> {
                boolean overflow = cpu.overflow();
                cpu.setArithmeticFlags((int) gpr[Cpu.RAX] >>> 8 & 0xFF | (overflow ? Cpu.FLAG_OF : 0));
            }
            case Op.CLC -> cpu.setCarry(false);
            case Op.STC -> cpu.setCarry(true);
            case Op.CMC -> cpu.setCarry(!cpu.carry());
            case Op.CLD -> cpu.systemFlags &= ~Cpu.FLAG_DF;
            case Op.STD -> cpu.systemFlags |= Cpu.FLAG_DF;
            case Op.PUSH_SEGMENT -> stack.pushSegment(i);
            case Op.PUSHA -> stack.pushAll(i);
            case Op.POPA -> stack.popAll(i);
            case Op.ENTER -> stack.enter(i);
            case Op.LEAVE -> stack.leave(i);
            case Op.BOUND -> bound(i);
            case Op.DAA -> decimal.adjustAfterAddition();
            case Op.DAS -> decimal.adjustAfterSubtraction();
            case Op.AAA -> decimal.asciiAfterAddition();
            case Op.AAS -> decimal.asciiAfterSubtraction();
            case Op.AAM -> decimal.asciiAfterMultiplication(i);
            case Op.AAD -> decimal.asciiBeforeDivision(i);
            case Op.XLAT -> {
                long offset = (gpr[Cpu.RBX] + (gpr[Cpu.RAX] & 0xFF)) & i.addressMask;
                operands.setRegister(Cpu.RAX, 0, 1, operands.load(operands.readAddress(i, offset, 1), 1));
            }
            case Op.SALC -> operands.setRegister(Cpu.RAX, 0, 1, -cpu.carryBit());
            case Op.TOO_LONG -> throw cpu.generalProtection(0);
            default -> bitManipulation.execute(i);
        }
    }

    private int immediateOrRegister(Instruction i) {
        return (int) (gpr[i.source] + i.immediate);
    }

    private void aluRegister(Instruction i) {
        int size = i.operandSize;
        long a = operands.destination(i, size);
        long result = Arithmetic.alu(cpu, i.operation, a, operands.source(i, size), size);
        if (i.operation != Arithmetic.CMP) {
            operands.setDestination(i, size, result);
        }
    }

    void aluMemory(Instruction i) {
        int size = i.operandSize;
        long b = operands.sourceRegister(i, size);
        if (i.operation == Arithmetic.CMP) {
            Arithmetic.alu(cpu, Arithmetic.CMP, operands.load(operands.readAddress(i, size), size), b, size);
            return;
        }
        long linear = operands.modifyAddress(i, size);
        operands.store(linear, size, Arithmetic.alu(cpu, i.operation, operands.load(linear, size), b, size));
    }

    void increment(Instruction i) {
        int size = i.operandSize;
        if (i.memory) {
            long linear = operands.modifyAddress(i, size);
            operands.store(linear, size, Arithmetic.increment(cpu, operands.load(linear, size), size));
        } else {
            operands.setDestination(i, size, Arithmetic.increment(cpu, operands.destination(i, size), size));
        }
    }

    void decrement(Instruction i) {
        int size = i.operandSize;
        if (i.memory) {
            long linear = operands.modifyAddress(i, size);
            operands.store(linear, size, Arithmetic.decrement(cpu, operands.load(linear, size), size));
        } else {
            operands.setDestination(i, size, Arithmetic.decrement(cpu, operands.destination(i, size), size));
        }
    }

    void not(Instruction i) {
        int size = i.operandSize;
        if (i.memory) {
            long linear = operands.modifyAddress(i, size);
            operands.store(linear, size, ~operands.load(linear, size));
        } else {
            operands.setDestination(i, size, ~operands.destination(i, size));
        }
    }

    void negate(Instruction i) {
        int size = i.operandSize;
        if (i.memory) {
            long linear = operands.modifyAddress(i, size);
            operands.store(linear, size, Arithmetic.subtract(cpu, 0, operands.load(linear, size), 0, size));
        } else {
            long value = operands.destination(i, size);
            operands.setDestination(i, size, Arithmetic.subtract(cpu, 0, value, 0, size));
        }
    }

    private void shift(Instruction i) {
        int size = i.operandSize;
        int count = (int) (gpr[i.source] + i.immediate) & (size == 8 ? 63 : 31);
        if (i.memory) {
            long linear = operands.modifyAddress(i, size);
            long value = operands.load(linear, size);
            operands.store(linear, size, Shifts.shift(cpu, i.operation, value, count, false, size));
        } else {
            long value = operands.destination(i, size);
            boolean immediate = i.source == Cpu.ZERO;
            operands.setDestination(i, size, Shifts.shift(cpu, i.operation, value, count, immediate, size));
        }
    }

    /** SHLD and SHRD; an odd opcode has its count in CL. */
    private void shiftDouble(Instruction i) {
        int size = i.operandSize;
        long by = (i.opcode & 1) != 0 ? gpr[Cpu.RCX] : i.immediate;
        int count = (int) by & (size == 8 ? 63 : 31);
        long filler = gpr[i.source];
        long linear = i.memory ? operands.modifyAddress(i, size) : 0;
        long value = i.memory ? operands.load(linear, size) : operands.destination(i, size);
        long result = i.operation == Shifts.SHL
                ? Shifts.shld(cpu, value, filler, count, size)
                : Shifts.shrd(cpu, value, filler, count, size);
        if (i.memory) {
            operands.store(linear, size, result);
        } else {
            operands.setDestination(i, size, result);
        }
    }

    private void moveSignExtended(Instruction i) {
        int narrow = i.operation;
        operands.setDestination(i, i.operandSize, Operands.signExtend(operands.source(i, narrow), narrow));
    }

    private void moveFromSegment(Instruction i) {
        int selector = cpu.selector[i.extension()];
        if (i.memory) {
            operands.store(operands.writeAddress(i, 2), 2, selector);
        } else {
            operands.setDestination(i, i.operandSize, selector);
        }
    }

    private void exchangeRegisters(Instruction i) {
        int size = i.operandSize;
        long a = operands.destination(i, size);
        long b = operands.sourceRegister(i, size);
        operands.setDestination(i, size, b);
        operands.setRegister(i.source, i.sourceShift, size, a);
    }

    void exchangeAdd(Instruction i) {
        int size = i.operandSize;
        long b = operands.sourceRegister(i, size);
        if (i.memory) {
            long linear = operands.modifyAddress(i, size);
            long a = operands.load(linear, size);
            operands.store(linear, size, Arithmetic.add(cpu, a, b, 0, size));
            operands.setRegister(i.source, i.sourceShift, size, a);
        } else {
            long a = operands.destination(i, size);
            operands.setRegister(i.source, i.sourceShift, size, a);
            operands.setDestination(i, size, Arithmetic.add(cpu, a, b, 0, size));
        }
    }

    /** The destination is written in either case, so it must be writable. */
    void compareExchange(Instruction i) {
        int size = i.operandSize;
        long linear = i.memory ? operands.modifyAddress(i, size) : 0;
        long old = i.memory ? operands.load(linear, size) : operands.destination(i, size);
        long replacement = operands.sourceRegister(i, size);
        Arithmetic.subtract(cpu, Operands.zeroExtend(gpr[Cpu.RAX], size), old, 0, size);
        boolean equal = cpu.zero();
        if (i.memory) {
            operands.store(linear, size, equal ? replacement : old);
        } else if (equal) {
            operands.setDestination(i, size, replacement);
        }
        if (!equal) {
            operands.setRegister(Cpu.RAX, 0, size, old);
        }
    }

    /** CMPXCHG8B and CMPXCHG16B; only ZF changes. */
    void compareExchangePair(Instruction i) {
        int half = i.rexW ? 8 : 4;
        long low = operands.writeAddress(i, 2 * half);
        if (half == 8 && (low & 15) != 0) {
            throw cpu.generalProtection(0);
        }
        mmu.checkWrite(low, 2 * half);
        long oldLow = operands.load(low, half);
        long oldHigh = operands.load(low + half, half);
        boolean equal =
                oldLow == Operands.zeroExtend(gpr[Cpu.RAX], half) && oldHigh == Operands.zeroExtend(gpr[Cpu.RDX], half);
        operands.store(low, half, equal ? gpr[Cpu.RBX] : oldLow);
        operands.store(low + half, half, equal ? gpr[Cpu.RCX] : oldHigh);
        if (!equal) {
            operands.setRegister(Cpu.RAX, 0, half, oldLow);
            operands.setRegister(Cpu.RDX, 0, half, oldHigh);
        }
        cpu.setArithmeticFlags(cpu.arithmeticFlags() & ~Cpu.FLAG_ZF | (equal ? Cpu.FLAG_ZF : 0));
    }

    private void bound(Instruction i) {
        int size = i.operandSize;
        long linear = operands.readAddress(i, 2 * size);
        long lower = Operands.signExtend(operands.load(linear, size), size);
        long upper = Operands.signExtend(operands.load(linear + size, size), size);
        long value = Operands.signExtend(gpr[i.reg], size);
        if (value < lower || value > upper) {
            throw cpu.fault(GuestFault.BOUND_RANGE, GuestFault.NO_ERROR_CODE);
        }
    }
}
