// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.processor.Ports;

/**
 * MOVS, CMPS, STOS, LODS, SCAS, INS and OUTS with their repeat prefixes. The registers are right after every element, so
 * that a fault or an interruption leaves an instruction that can simply be started again.
 */
final class StringUnit {
    private static final int INS = 0x6C;
    private static final int OUTS = 0x6E;
    private static final int MOVS = 0xA4;
    private static final int CMPS = 0xA6;
    private static final int STOS = 0xAA;
    private static final int LODS = 0xAC;
    private static final int REPEAT_NOT_EQUAL = 0xF2;

    /** Elements between two looks at {@link Cpu#attention}. */
    private static final int PATIENCE = 64;

    private static final int PAGE = 4096;

    /** Shorter runs are not worth preparing. */
    private static final int SHORTEST_BULK = 32;

    private final Operands operands;
    private final Cpu cpu;
    private final long[] gpr;
    private final Mmu mmu;
    private final Segmentation segmentation;
    private final PortGuard guard;
    private final Ports ports;

    StringUnit(Operands operands, Segmentation segmentation, PortGuard guard, Ports ports) {
        this.operands = operands;
        this.cpu = operands.cpu;
        this.gpr = cpu.gpr;
        this.mmu = operands.mmu;
        this.segmentation = segmentation;
        this.guard = guard;
        this.ports = ports;
    }

    /** Returns whether the instruction is complete; if not, it is to be started again after a look around. */
    boolean execute(Instruction i) {
        int kind = i.opcode & ~1;
        if (kind == INS || kind == OUTS) {
            guard.checkPort((int) gpr[Cpu.RDX] & 0xFFFF, Math.min(i.operandSize, 4));
        }
        if (i.repeat == 0) {
            element(i, kind);
            return true;
        }
        boolean comparing = kind == CMPS || kind > LODS;
        boolean bulk = (kind == MOVS || kind == STOS) && (cpu.systemFlags & Cpu.FLAG_DF) == 0;
        boolean once = (cpu.systemFlags & Cpu.FLAG_TF) != 0;
        int addressSize = i.addressSize;
        long count = gpr[Cpu.RCX] & i.addressMask;
        int patience = PATIENCE;
        long result = cpu.flagResult;
        long carries = cpu.flagCarries;
        int aux = cpu.flagAux;
        while (count != 0) {
            long done = bulk && !once ? bulk(i, kind, count) : 0;
            if (done == 0) {
                if (comparing) {
                    compare(i, kind, result, carries, aux);
                } else {
                    element(i, kind);
                }
                done = 1;
                patience--;
            } else {
                patience = 0;
            }
            count -= done;
            operands.setRegister(Cpu.RCX, 0, addressSize, count);
            if (comparing && cpu.zero() == (i.repeat == REPEAT_NOT_EQUAL)) {
                return true;
            }
            if (once) {
                return count == 0;
            }
            if (patience <= 0) {
                if (cpu.attention() != 0) {
                    return count == 0;
                }
                patience = PATIENCE;
            }
        }
        return true;
    }

    /** An element of a repeated comparison: a fault restores the flags from before the first one. */
    private void compare(Instruction i, int kind, long result, long carries, int aux) {
        try {
            element(i, kind);
        } catch (GuestFault fault) {
            cpu.flagResult = result;
            cpu.flagCarries = carries;
            cpu.flagAux = aux;
            throw fault;
        }
    }

    private void advance(int register, Instruction i, long by) {
        operands.setRegister(register, 0, i.addressSize, gpr[register] + by);
    }

    private long sourceAddress(Instruction i, int size) {
        return segmentation.forRead(i.segment, gpr[Cpu.RSI] & i.addressMask, size);
    }

    private long destinationToRead(Instruction i, int size) {
        return segmentation.forRead(Cpu.ES, gpr[Cpu.RDI] & i.addressMask, size);
    }

    private long destinationToWrite(Instruction i, int size) {
        return segmentation.forWrite(Cpu.ES, gpr[Cpu.RDI] & i.addressMask, size);
    }

    private void element(Instruction i, int kind) {
        int size = i.operandSize;
        long step = (cpu.systemFlags & Cpu.FLAG_DF) != 0 ? -size : size;
        switch (kind) {
            case MOVS -> {
                long value = operands.load(sourceAddress(i, size), size);
                operands.store(destinationToWrite(i, size), size, value);
                advance(Cpu.RSI, i, step);
                advance(Cpu.RDI, i, step);
            }
            case STOS -> {
                operands.store(destinationToWrite(i, size), size, gpr[Cpu.RAX]);
                advance(Cpu.RDI, i, step);
            }
            case LODS -> {
                operands.setRegister(Cpu.RAX, 0, size, operands.load(sourceAddress(i, size), size));
                advance(Cpu.RSI, i, step);
            }
            case CMPS -> {
                long a = operands.load(sourceAddress(i, size), size);
                long b = operands.load(destinationToRead(i, size), size);
                Arithmetic.subtract(cpu, a, b, 0, size);
                advance(Cpu.RSI, i, step);
                advance(Cpu.RDI, i, step);
            }
            case INS -> input(i, Math.min(size, 4), step);
            case OUTS -> output(i, Math.min(size, 4), step);
            default -> {
                long b = operands.load(destinationToRead(i, size), size);
                Arithmetic.subtract(cpu, Operands.zeroExtend(gpr[Cpu.RAX], size), b, 0, size);
                advance(Cpu.RDI, i, step);
            }
        }
    }

    private void input(Instruction i, int size, long step) {
        long linear = destinationToWrite(i, size);
        mmu.checkWrite(linear, size);
        operands.store(linear, size, ports.in((int) gpr[Cpu.RDX] & 0xFFFF, size));
        advance(Cpu.RDI, i, step < 0 ? -size : size);
    }

    private void output(Instruction i, int size, long step) {
        int value = (int) operands.load(sourceAddress(i, size), size);
        ports.out((int) gpr[Cpu.RDX] & 0xFFFF, size, value);
        advance(Cpu.RSI, i, step < 0 ? -size : size);
    }

    /** Does as many elements as lie in pages that the TLB knows; returns how many, 0 if it is not worth it. */
    private long bulk(Instruction i, int kind, long count) {
        int size = i.operandSize;
        long mask = i.addressMask;
        long to = gpr[Cpu.RDI] & mask;
        long bytes = Long.compareUnsigned(count, PAGE) >= 0 ? PAGE : Math.min(PAGE, count * size);
        bytes = Math.min(bytes, room(to, mask));
        long from = 0;
        if (kind == MOVS) {
            from = gpr[Cpu.RSI] & mask;
            bytes = Math.min(bytes, room(from, mask));
        }
        if (bytes < SHORTEST_BULK) {
            return 0;
        }
        try {
            return kind == MOVS ? copy(i, from, to, bytes, size) : fill(i, to, bytes, size);
        } catch (GuestFault beyondSegmentLimit) {
            return 0;
        }
    }

    /** Bytes from an offset to where addresses wrap around. */
    private static long room(long offset, long mask) {
        return mask == -1 ? PAGE : mask + 1 - offset;
    }

    private long copy(Instruction i, long fromOffset, long toOffset, long wanted, int size) {
        long from = segmentation.forRead(i.segment, fromOffset, (int) wanted);
        long to = segmentation.forWrite(Cpu.ES, toOffset, (int) wanted);
        long source = mmu.directRead(from);
        long target = mmu.directWrite(to);
        if (source == 0 || target == 0) {
            return 0;
        }
        long bytes = Math.min(wanted, Math.min(PAGE - (from & (PAGE - 1)), PAGE - (to & (PAGE - 1))));
        long distance = target - source;
        if (distance > 0 && distance < bytes) {
            bytes = distance;
        }
        long elements = bytes / size;
        if (bytes < SHORTEST_BULK) {
            return 0;
        }
        bytes = elements * size;
        java.lang.foreign.MemorySegment.copy(HostMemory.ALL, source, HostMemory.ALL, target, bytes);
        advance(Cpu.RSI, i, bytes);
        advance(Cpu.RDI, i, bytes);
        return elements;
    }

    private long fill(Instruction i, long toOffset, long wanted, int size) {
        long to = segmentation.forWrite(Cpu.ES, toOffset, (int) wanted);
        long target = mmu.directWrite(to);
        if (target == 0) {
            return 0;
        }
        long elements = Math.min(wanted, PAGE - (to & (PAGE - 1))) / size;
        long bytes = elements * size;
        long value = gpr[Cpu.RAX];
        if (size == 1 || value == 0) {
            HostMemory.ALL.asSlice(target, bytes).fill((byte) value);
        } else {
            for (long at = target; at < target + bytes; at += size) {
                HostMemory.write(at, size, value);
            }
        }
        advance(Cpu.RDI, i, bytes);
        return elements;
    }
}
