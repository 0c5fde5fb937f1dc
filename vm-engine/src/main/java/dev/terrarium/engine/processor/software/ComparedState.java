// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.Arrays;
import java.util.List;

/** A copy of all that compiled code may change in a {@link Cpu}. */
final class ComparedState {
    private static final int GENERAL_REGISTERS = 16;
    private static final int XMM_HALVES = 32;
    private static final List<String> NAMES = List.of(
            "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14",
            "R15");

    private final long[] gpr = new long[GENERAL_REGISTERS];
    private final FloatingPointState floating = new FloatingPointState();
    private long rip;
    private int flags;
    private long flagResult;
    private long flagCarries;
    private int flagAux;
    private int systemFlags;
    private long fsBase;
    private long gsBase;
    private long cr2;
    private long instructions;

    long rip() {
        return rip;
    }

    /** {@link Cpu#instructions}. */
    long instructions() {
        return instructions;
    }

    void copyFrom(Cpu cpu) {
        System.arraycopy(cpu.gpr, 0, gpr, 0, GENERAL_REGISTERS);
        copy(cpu.floatingPoint, floating);
        rip = cpu.rip;
        flags = cpu.flags();
        flagResult = cpu.flagResult;
        flagCarries = cpu.flagCarries;
        flagAux = cpu.flagAux;
        systemFlags = cpu.systemFlags;
        fsBase = cpu.segmentBase[Cpu.FS];
        gsBase = cpu.segmentBase[Cpu.GS];
        cr2 = cpu.cr2;
        instructions = cpu.instructions;
    }

    void copyTo(Cpu cpu) {
        System.arraycopy(gpr, 0, cpu.gpr, 0, GENERAL_REGISTERS);
        copy(floating, cpu.floatingPoint);
        cpu.rip = rip;
        cpu.flagResult = flagResult;
        cpu.flagCarries = flagCarries;
        cpu.flagAux = flagAux;
        cpu.systemFlags = systemFlags;
        cpu.segmentBase[Cpu.FS] = fsBase;
        cpu.segmentBase[Cpu.GS] = gsBase;
        cpu.cr2 = cr2;
        cpu.instructions = instructions;
    }

    private static void copy(FloatingPointState from, FloatingPointState to) {
        System.arraycopy(from.significand, 0, to.significand, 0, from.significand.length);
        System.arraycopy(from.signExponent, 0, to.signExponent, 0, from.signExponent.length);
        System.arraycopy(from.xmm, 0, to.xmm, 0, XMM_HALVES);
        System.arraycopy(from.upper, 0, to.upper, 0, XMM_HALVES);
        to.control = from.control;
        to.status = from.status;
        to.top = from.top;
        to.valid = from.valid;
        to.lastOpcode = from.lastOpcode;
        to.lastInstruction = from.lastInstruction;
        to.lastInstructionSelector = from.lastInstructionSelector;
        to.lastOperand = from.lastOperand;
        to.lastOperandSelector = from.lastOperandSelector;
        to.mxcsr = from.mxcsr;
    }

    /** Is everything a program can see the same, CR2 excepted? */
    boolean sameAs(ComparedState other) {
        return rip == other.rip
                && flags == other.flags
                && instructions == other.instructions
                && Arrays.equals(gpr, other.gpr)
                && fsBase == other.fsBase
                && gsBase == other.gsBase
                && Arrays.equals(floating.xmm, other.floating.xmm)
                && Arrays.equals(floating.upper, other.floating.upper)
                && floating.mxcsr == other.floating.mxcsr
                && sameX87(floating, other.floating);
    }

    private static boolean sameX87(FloatingPointState one, FloatingPointState other) {
        return Arrays.equals(one.significand, other.significand)
                && Arrays.equals(one.signExponent, other.signExponent)
                && one.control == other.control
                && one.status == other.status
                && one.top == other.top
                && one.valid == other.valid
                && one.lastOpcode == other.lastOpcode
                && one.lastInstruction == other.lastInstruction
                && one.lastOperand == other.lastOperand;
    }

    /** One line for each register in which the two differ, with what this one had before. */
    static String describe(ComparedState before, ComparedState interpreted, ComparedState compiled) {
        StringBuilder text = new StringBuilder();
        line(text, "RIP", before.rip, interpreted.rip, compiled.rip, true);
        line(text, "RFLAGS", before.flags, interpreted.flags, compiled.flags, true);
        line(text, "instructions", before.instructions, interpreted.instructions, compiled.instructions, false);
        for (int n = 0; n < GENERAL_REGISTERS; n++) {
            line(text, NAMES.get(n), before.gpr[n], interpreted.gpr[n], compiled.gpr[n], true);
        }
        line(text, "FS base", before.fsBase, interpreted.fsBase, compiled.fsBase, false);
        line(text, "GS base", before.gsBase, interpreted.gsBase, compiled.gsBase, false);
        FloatingPointState i = interpreted.floating;
        FloatingPointState c = compiled.floating;
        for (int n = 0; n < XMM_HALVES; n++) {
            String half = n / 2 + (n % 2 == 0 ? " low" : " high");
            line(text, "XMM" + half, before.floating.xmm[n], i.xmm[n], c.xmm[n], false);
            line(text, "YMM" + half, before.floating.upper[n], i.upper[n], c.upper[n], false);
        }
        line(text, "MXCSR", before.floating.mxcsr, i.mxcsr, c.mxcsr, false);
        describeX87(text, before.floating, i, c);
        return text.toString();
    }

    private static void describeX87(
            StringBuilder text, FloatingPointState before, FloatingPointState i, FloatingPointState c) {
        for (int n = 0; n < i.significand.length; n++) {
            if (i.significand[n] != c.significand[n] || i.signExponent[n] != c.signExponent[n]) {
                text.append(String.format(
                        "  x87 register %d was %x:%x, interpreted %x:%x, compiled %x:%x <---%n",
                        n,
                        before.signExponent[n],
                        before.significand[n],
                        i.signExponent[n],
                        i.significand[n],
                        c.signExponent[n],
                        c.significand[n]));
            }
        }
        line(text, "x87 control", before.control, i.control, c.control, false);
        line(text, "x87 status", before.status, i.status, c.status, false);
        line(text, "x87 top", before.top, i.top, c.top, false);
        line(text, "x87 tags", before.valid, i.valid, c.valid, false);
        line(text, "x87 opcode", before.lastOpcode, i.lastOpcode, c.lastOpcode, false);
        line(text, "x87 instruction", before.lastInstruction, i.lastInstruction, c.lastInstruction, false);
        line(text, "x87 operand", before.lastOperand, i.lastOperand, c.lastOperand, false);
    }

    private static void line(
            StringBuilder text, String name, long before, long interpreted, long compiled, boolean always) {
        if (interpreted != compiled) {
            text.append(String.format(
                    "  %s was %x, interpreted %x, compiled %x <---%n", name, before, interpreted, compiled));
        } else if (always) {
            text.append(String.format("  %s was %x, is %x%n", name, before, interpreted));
        }
    }
}
