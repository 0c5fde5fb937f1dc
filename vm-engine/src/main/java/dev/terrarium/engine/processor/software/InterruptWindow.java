// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.LocalInterruptController;

/**
 * Notices the moments at which interrupts become possible. The interpreter is called out of its loop only if one waits,
 * because kernels open and close the window all the time.
 */
final class InterruptWindow {
    private final Cpu cpu;
    private final LocalInterruptController controller;

    InterruptWindow(Cpu cpu, LocalInterruptController controller) {
        this.cpu = cpu;
        this.controller = controller;
    }

    /** IF, TF or the task priority may have changed. */
    void changed() {
        boolean waiting = (cpu.systemFlags & Cpu.FLAG_IF) != 0 && controller.interruptPending();
        if (waiting || (cpu.systemFlags & Cpu.FLAG_TF) != 0) {
            cpu.demandAttention(Cpu.ATTENTION_EVENT);
        }
    }

    /** STI, MOV SS or POP SS: interrupts are held off until the instruction at {@link Cpu#rip} has completed. */
    void holdOneInstruction() {
        cpu.interruptShadow = true;
        cpu.shadowedInstruction = cpu.rip;
        changed();
    }
}
