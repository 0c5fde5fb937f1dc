// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor;

import java.util.Map;

/**
 * Everything that one vCPU is, in a form that every kind of processor can take over.
 *
 * @param registers RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15
 * @param instructionPointer RIP
 * @param flags RFLAGS
 * @param segments ES, CS, SS, DS, FS, GS, LDTR, TR
 * @param globalDescriptorTable GDTR
 * @param interruptDescriptorTable IDTR
 * @param controlRegisters CR0, CR2, CR3, CR4, CR8
 * @param debugRegisters DR0 to DR3, DR6, DR7
 * @param modelSpecificRegisters MSR number to value; the time-stamp counter among them
 * @param extendedControl XCR0: the parts of the extended state that the guest has enabled
 * @param extendedState x87, SSE and, if it is 832 bytes long, AVX: the XSAVE64 image in its standard form (Intel SDM volume 1,
 *     section 13.4); 512 bytes are its first part, the FXSAVE64 image
 * @param activity running, halted, or waiting for a start-up signal
 * @param interruptShadow interrupts are held off for one instruction (after STI or MOV SS)
 * @param nonMaskableBlocked an NMI is being handled
 */
public record ProcessorState(
        long[] registers,
        long instructionPointer,
        long flags,
        Segment[] segments,
        Table globalDescriptorTable,
        Table interruptDescriptorTable,
        long[] controlRegisters,
        long[] debugRegisters,
        Map<Integer, Long> modelSpecificRegisters,
        long extendedControl,
        byte[] extendedState,
        Activity activity,
        boolean interruptShadow,
        boolean nonMaskableBlocked) {

    /**
     * A segment register with its hidden part.
     *
     * @param limit in bytes, after scaling by the granularity bit
     * @param attributes bits 8 to 15 and 20 to 23 of the descriptor's high word, in place (type, S, DPL, P, AVL, L, D/B,
     *     G); 0 for an unusable segment
     */
    public record Segment(int selector, long base, long limit, int attributes) {}

    /** A descriptor-table register. */
    public record Table(long base, int limit) {}

    /** What the processor does when it runs. */
    public enum Activity {
        RUNNING,
        HALTED,
        WAITING_FOR_STARTUP
    }
}
