// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.function.Consumer;

/**
 * AVX and AVX2 (Intel SDM volume 1, chapter 14). Nearly all of it is SSE on one or two 128-bit lanes: operands are put into
 * {@link FloatingPointState}'s lane registers and {@link SimdUnit} executes {@link Instruction#lane} on them. The result is
 * written when every lane has one, so that an exception changes nothing.
 */
final class AvxUnit {
    private static final int RESULT = 2 * FloatingPointState.LANE_RESULT;
    private static final int SOURCE = 2 * FloatingPointState.LANE_SOURCE;

    private final Cpu cpu;
    private final SimdOperands simd;
    private final SimdFloat elements;
    private final VectorRegisters registers;
    private final Consumer<Instruction> sse;
    private final AvxRearrangeUnit rearrange;
    private final FusedUnit fused;
    private final long[] xmm;
    private final long[] source;
    private final long[] result;

    /**
     * @param sse executes an SSE instruction
     */
    AvxUnit(
            Cpu cpu,
            Mmu mmu,
            MemoryOperand operands,
            SimdOperands simd,
            SimdFloat elements,
            Consumer<Instruction> sse) {
        this.cpu = cpu;
        this.simd = simd;
        this.elements = elements;
        this.sse = sse;
        this.registers = new VectorRegisters(cpu, mmu, operands);
        this.rearrange = new AvxRearrangeUnit(registers);
        this.fused = new FusedUnit(registers, elements);
        this.xmm = cpu.floatingPoint.xmm;
        this.source = registers.source;
        this.result = registers.result;
    }

    /** AVX is there: protected mode, CR4.OSXSAVE and XCR0's SSE and AVX bits set (else #UD), CR0.TS clear (else #NM). */
    private void require() {
        long needed = FloatingPointImage.SSE_COMPONENT | FloatingPointImage.AVX_COMPONENT;
        if (cpu.selectorsAreParagraphs() || (cpu.cr4 & Cpu.CR4_OSXSAVE) == 0 || (cpu.xcr0 & needed) != needed) {
            throw cpu.invalidOpcode();
        }
        simd.requireTaskSwitched();
    }

    void execute(Instruction i) {
        require();
        simd.avx = true;
        try {
            dispatch(i);
        } finally {
            simd.avx = false;
        }
    }

    private void dispatch(Instruction i) {
        switch (i.operation) {
            case AvxSelector.LANES, AvxSelector.LANES_3 -> lanes(i);
            case AvxSelector.SCALAR -> scalar(i);
            case AvxSelector.PLAIN -> sse.accept(i);
            case AvxSelector.PLAIN_VECTOR -> plainVector(i);
            case AvxSelector.LOAD -> {
                checkAlignment(i);
                registers.load(i);
                System.arraycopy(source, 0, result, 0, 4);
                registers.store(i.reg, VectorRegisters.lanes(i));
            }
            case AvxSelector.STORE -> storeVector(i);
            case AvxSelector.SHIFT_COUNT -> shiftByCount(i);
            case AvxSelector.SHIFT_IMMEDIATE -> shiftByImmediate(i);
            case AvxSelector.WIDEN -> widen(i);
            case AvxSelector.NARROW -> narrow(i);
            case AvxSelector.MOVE_MASK -> moveMask(i);
            case AvxSelector.ZERO -> zero(i);
            case AvxSelector.TEST -> test(i);
            case AvxSelector.FUSED -> fused.execute(i);
            default -> rearrange.execute(i);
        }
    }

    /** Has the SSE instruction compute one lane on {@link #SOURCE} and, where it has two sources, VEX.vvvv's lane. */
    private void lane(Instruction i, int lane, long low, long high) {
        xmm[RESULT] = registers.get(i.vvvv, 2 * lane);
        xmm[RESULT + 1] = registers.get(i.vvvv, 2 * lane + 1);
        xmm[SOURCE] = low;
        xmm[SOURCE + 1] = high;
        sse.accept(laneForm(i));
    }

    private static Instruction laneForm(Instruction i) {
        Instruction form = i.lane;
        if (form == null) {
            throw new IllegalStateException("an AVX instruction without a lane form");
        }
        return form;
    }

    private void keep(int lane) {
        result[2 * lane] = xmm[RESULT];
        result[2 * lane + 1] = xmm[RESULT + 1];
    }

    private void lanes(Instruction i) {
        boolean duplicate = i.repeat == 0xF2 && i.opcode == 0x12 && !i.vexL; // VMOVDDUP reads 8 bytes
        registers.load(i, duplicate ? 8 : 16 * VectorRegisters.lanes(i));
        lanesOfSource(i);
    }

    private void lanesOfSource(Instruction i) {
        if (!i.vexL) {
            lane(i, 0, source[0], source[1]);
            keep(0);
            registers.store(i.reg, 1);
            return;
        }
        long low = source[2];
        long high = source[3];
        elements.join();
        try {
            lane(i, 0, source[0], source[1]);
            keep(0);
            Instruction form = laneForm(i);
            form.immediate = i.immediate >>> upperImmediate(i);
            lane(i, 1, low, high);
            form.immediate = i.immediate;
            keep(1);
        } catch (GuestFault fault) {
            elements.abandonJoined();
            throw fault;
        }
        elements.completeJoined();
        registers.store(i.reg, 2);
    }

    /** By how much the immediate is shifted for the upper lane. */
    static int upperImmediate(Instruction i) {
        if (i.map == Instruction.MAP_0F) {
            return i.opcode == 0xC6 && i.operandSizePrefix ? 2 : 0; // VSHUFPD
        }
        if (i.map == Instruction.MAP_0F38) {
            return 0;
        }
        return switch (i.opcode) {
            case 0x0C, 0x02 -> 4; // VBLENDPS, VPBLENDD
            case 0x0D -> 2; // VBLENDPD
            case 0x42 -> 3; // VMPSADBW
            default -> 0;
        };
    }

    private void scalar(Instruction i) {
        xmm[RESULT] = registers.get(i.vvvv, 0);
        xmm[RESULT + 1] = registers.get(i.vvvv, 1);
        sse.accept(laneForm(i));
        keep(0);
        registers.store(i.reg, 1);
    }

    private void plainVector(Instruction i) {
        sse.accept(i);
        if (i.map == Instruction.MAP_0F) {
            registers.clearUpper(i.reg);
        } else if ((i.opcode & 1) == 0) {
            registers.clearUpper(0); // VPCMPxSTRM
        }
    }

    static boolean isAligned(Instruction i) {
        if (i.map == Instruction.MAP_0F38) {
            return true;
        }
        return switch (i.opcode) {
            case 0x28, 0x29, 0x2B, 0xE7 -> true;
            case 0x6F, 0x7F -> i.operandSizePrefix;
            default -> false;
        };
    }

    private void checkAlignment(Instruction i) {
        int bytes = 16 * VectorRegisters.lanes(i);
        if (i.memory && isAligned(i) && (registers.operands.forRead(i, bytes) & bytes - 1) != 0) {
            throw cpu.generalProtection(0);
        }
    }

    private void storeVector(Instruction i) {
        int lanes = VectorRegisters.lanes(i);
        for (int n = 0; n < 4; n++) {
            result[n] = registers.get(i.reg, n);
        }
        if (!i.memory) {
            registers.store(i.rm, lanes);
            return;
        }
        long linear = registers.operands.forWrite(i, 16 * lanes);
        if (isAligned(i) && (linear & 16 * lanes - 1) != 0) {
            throw cpu.generalProtection(0);
        }
        registers.mmu.checkWrite(linear, 16 * lanes);
        for (int n = 0; n < 2 * lanes; n++) {
            registers.mmu.write64(linear + 8L * n, result[n]);
        }
    }

    private void shiftByCount(Instruction i) {
        registers.load(i, 16);
        source[2] = source[0];
        source[3] = source[1];
        lanesOfSource(i);
    }

    /** The SSE form works on its source register. */
    private void shiftByImmediate(Instruction i) {
        int lanes = VectorRegisters.lanes(i);
        for (int lane = 0; lane < lanes; lane++) {
            lane(i, lane, registers.get(i.rm, 2 * lane), registers.get(i.rm, 2 * lane + 1));
            result[2 * lane] = xmm[SOURCE];
            result[2 * lane + 1] = xmm[SOURCE + 1];
        }
        registers.store(i.vvvv, lanes);
    }

    private void widen(Instruction i) {
        int bytes = i.map == Instruction.MAP_0F ? 8 : PackedIntegerWide.extendedBytes(i.opcode & 15);
        registers.load(i, bytes * VectorRegisters.lanes(i));
        if (i.vexL) {
            source[2] = bytes == 8 ? source[1] : source[0] >>> 8 * bytes;
            source[3] = 0;
        }
        lanesOfSource(i);
    }

    private void narrow(Instruction i) {
        registers.load(i);
        if (!i.vexL) {
            lanesOfSource(i);
            return;
        }
        long low = source[2];
        long high = source[3];
        elements.join();
        lane(i, 0, source[0], source[1]);
        result[0] = xmm[RESULT];
        lane(i, 1, low, high);
        result[1] = xmm[RESULT];
        elements.completeJoined();
        registers.store(i.reg, 1);
    }

    private void moveMask(Instruction i) {
        int width = i.opcode == 0xD7 ? 8 : i.operandSizePrefix ? 64 : 32;
        long mask = 0;
        for (int n = 2 * VectorRegisters.lanes(i) - 1; n >= 0; n--) {
            long quadword = registers.get(i.rm, n);
            int count = 64 / width;
            long tops =
                    switch (width) {
                        case 8 -> PackedInteger.byteTops(quadword);
                        case 32 -> quadword >>> 31 & 1 | quadword >>> 63 << 1;
                        default -> quadword >>> 63;
                    };
            mask = mask << count | tops;
        }
        cpu.gpr[i.reg] = mask;
    }

    /** VZEROUPPER, VZEROALL: of eight registers outside 64-bit mode. */
    private void zero(Instruction i) {
        int count = cpu.codeSize == 8 ? 16 : 8;
        for (int register = 0; register < count; register++) {
            registers.clearUpper(register);
            if (i.vexL) {
                xmm[2 * register] = 0;
                xmm[2 * register + 1] = 0;
            }
        }
    }

    /** VPTEST, VTESTPS, VTESTPD: all bits, or the elements' top bits. */
    private void test(Instruction i) {
        long mask =
                switch (i.opcode) {
                    case 0x0E -> 0x8000_0000_8000_0000L;
                    case 0x0F -> Long.MIN_VALUE;
                    default -> -1;
                };
        registers.load(i);
        long both = 0;
        long rest = 0;
        for (int n = 0; n < 2 * VectorRegisters.lanes(i); n++) {
            long first = registers.get(i.reg, n);
            both |= first & source[n] & mask;
            rest |= ~first & source[n] & mask;
        }
        cpu.setArithmeticFlags((both == 0 ? Cpu.FLAG_ZF : 0) | (rest == 0 ? Cpu.FLAG_CF : 0));
    }
}
