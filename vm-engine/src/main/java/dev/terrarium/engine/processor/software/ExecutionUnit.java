// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** A part of the processor that executes a family of instructions the interpreter's own switch does not hold. */
interface ExecutionUnit {
    /**
     * Executes one instruction. Before the call {@link Cpu#rip} is the address of the next instruction; an instruction
     * that transfers control changes it. Either completes or throws a {@link GuestFault} with no architectural change
     * but those the manual allows.
     *
     * @param instruction what to execute
     * @param address its own instruction pointer
     */
    void execute(Instruction instruction, long address);
}
