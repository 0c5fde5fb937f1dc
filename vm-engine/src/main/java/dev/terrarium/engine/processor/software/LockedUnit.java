// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.AtomicMemory;

/**
 * Read-modify-write instructions that are atomic to other processors: those with a LOCK prefix, and XCHG with memory (Intel
 * SDM volume 3, section 8.1.2). Where a machine has one software vCPU, the plain forms are. Else an aligned operand in RAM is changed
 * by the host's compare-and-set, which is the full fence that LOCK is, too; all others (operands across an alignment border, of 16
 * bytes, devices' registers) by the plain form while no other vCPU executes.
 */
final class LockedUnit {
    private static final int GROUP_EIGHT = 0xBA;

    private final IntegerUnit plain;
    private final Operands operands;
    private final Cpu cpu;
    private final Mmu mmu;

    LockedUnit(IntegerUnit plain, Operands operands) {
        this.plain = plain;
        this.operands = operands;
        this.cpu = operands.cpu;
        this.mmu = operands.mmu;
    }

    void execute(Instruction i) {
        if (!cpu.shared) {
            plain(i);
            return;
        }
        boolean pair = i.map != Instruction.MAP_ONE_BYTE && i.opcode == 0xC7;
        int size = pair ? i.rexW ? 16 : 8 : i.operandSize;
        if (size > 8) {
            mmu.alone(() -> plain(i));
            return;
        }
        long linear = isBitString(i) ? bitStringAddress(i) : operands.modifyAddress(i, size);
        long host = mmu.hostToModify(linear, size);
        if (host == 0) {
            mmu.alone(() -> plain(i));
            return;
        }
        if (pair) {
            compareExchangePair(host);
        } else if (i.map == Instruction.MAP_ONE_BYTE) {
            oneByte(i, host, size);
        } else {
            twoByte(i, host, size);
        }
        mmu.modified(size);
    }

    private void oneByte(Instruction i, long host, int size) {
        switch (i.opcode) {
            case 0x86, 0x87 -> {
                long old = AtomicMemory.getAndSet(host, size, operands.sourceRegister(i, size));
                operands.setRegister(i.source, i.sourceShift, size, old);
            }
            case 0xF6, 0xF7, 0xFE, 0xFF -> modify(i, host, size, 0);
            default -> modify(i, host, size, operands.sourceRegister(i, size));
        }
    }

    private void twoByte(Instruction i, long host, int size) {
        switch (i.opcode) {
            case 0xB0, 0xB1 -> compareExchange(i, host, size);
            case 0xC0, 0xC1 -> {
                long old = modify(i, host, size, operands.sourceRegister(i, size));
                operands.setRegister(i.source, i.sourceShift, size, old);
            }
            default -> {
                int bit = (int) bitOffset(i) & (8 * size - 1);
                long old = modify(i, host, size, bit);
                cpu.setCarry((old >>> bit & 1) != 0);
            }
        }
    }

    /** Replaces the operand by what {@link #changed} makes of it; returns what it was. */
    private long modify(Instruction i, long host, int size, long operand) {
        long result = cpu.flagResult;
        long carries = cpu.flagCarries;
        int aux = cpu.flagAux;
        while (true) {
            long old = AtomicMemory.get(host, size);
            if (AtomicMemory.compareAndSet(host, size, old, changed(i, old, operand, size))) {
                return old;
            }
            cpu.flagResult = result;
            cpu.flagCarries = carries;
            cpu.flagAux = aux;
        }
    }

    /** What an instruction makes of its operand; sets the flags. {@code b} is the other operand, or a bit's number. */
    private long changed(Instruction i, long old, long b, int size) {
        if (i.map != Instruction.MAP_ONE_BYTE) {
            return i.opcode == 0xC0 || i.opcode == 0xC1
                    ? Arithmetic.add(cpu, old, b, 0, size)
                    : BitUnit.changed(i.operation, old, (int) b);
        }
        return switch (i.opcode) {
            case 0xF6, 0xF7 -> i.extension() == 2 ? ~old : Arithmetic.subtract(cpu, 0, old, 0, size);
            case 0xFE, 0xFF ->
                i.extension() == 0 ? Arithmetic.increment(cpu, old, size) : Arithmetic.decrement(cpu, old, size);
            default -> Arithmetic.alu(cpu, i.operation, old, b, size);
        };
    }

    /** The operand is written in either case, as the locked bus cycle is. */
    private void compareExchange(Instruction i, long host, int size) {
        long expected = Operands.zeroExtend(cpu.gpr[Cpu.RAX], size);
        long replacement = operands.sourceRegister(i, size);
        long old;
        do {
            old = AtomicMemory.get(host, size);
        } while (!AtomicMemory.compareAndSet(host, size, old, old == expected ? replacement : old));
        Arithmetic.subtract(cpu, expected, old, 0, size);
        if (old != expected) {
            operands.setRegister(Cpu.RAX, 0, size, old);
        }
    }

    /** CMPXCHG8B. */
    private void compareExchangePair(long host) {
        long expected = cpu.gpr[Cpu.RAX] & 0xFFFF_FFFFL | cpu.gpr[Cpu.RDX] << 32;
        long replacement = cpu.gpr[Cpu.RBX] & 0xFFFF_FFFFL | cpu.gpr[Cpu.RCX] << 32;
        long old;
        do {
            old = AtomicMemory.get(host, 8);
        } while (!AtomicMemory.compareAndSet(host, 8, old, old == expected ? replacement : old));
        boolean equal = old == expected;
        if (!equal) {
            operands.setRegister(Cpu.RAX, 0, 4, old);
            operands.setRegister(Cpu.RDX, 0, 4, old >>> 32);
        }
        cpu.setArithmeticFlags(cpu.arithmeticFlags() & ~Cpu.FLAG_ZF | (equal ? Cpu.FLAG_ZF : 0));
    }

    private static boolean isBitString(Instruction i) {
        return i.map != Instruction.MAP_ONE_BYTE
                && switch (i.opcode) {
                    case 0xAB, 0xB3, 0xBB -> true;
                    default -> false;
                };
    }

    private long bitOffset(Instruction i) {
        return i.opcode == GROUP_EIGHT ? i.immediate : Operands.signExtend(cpu.gpr[i.source], i.operandSize);
    }

    /** See {@link BitUnit#bitTest}: the offset in a register reaches past the operand. */
    private long bitStringAddress(Instruction i) {
        int size = i.operandSize;
        long offset = bitOffset(i);
        long words = (offset - (offset & (8 * size - 1))) / 8;
        return operands.modifyAddress(i, operands.effectiveAddress(i) + words, size);
    }

    private void plain(Instruction i) {
        if (i.map == Instruction.MAP_ONE_BYTE) {
            plainOneByte(i);
        } else {
            plainTwoByte(i);
        }
    }

    private void plainOneByte(Instruction i) {
        switch (i.opcode) {
            case 0x86, 0x87 -> plainExchange(i);
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

    private void plainTwoByte(Instruction i) {
        switch (i.opcode) {
            case 0xB0, 0xB1 -> plain.compareExchange(i);
            case 0xC0, 0xC1 -> plain.exchangeAdd(i);
            case 0xC7 -> plain.compareExchangePair(i);
            default -> plain.bits.bitTest(i);
        }
    }

    private void plainExchange(Instruction i) {
        int size = i.operandSize;
        long linear = operands.modifyAddress(i, size);
        long old = operands.load(linear, size);
        operands.store(linear, size, operands.sourceRegister(i, size));
        operands.setRegister(i.source, i.sourceShift, size, old);
    }
}
