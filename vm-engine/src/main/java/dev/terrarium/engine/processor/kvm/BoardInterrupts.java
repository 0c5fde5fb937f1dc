// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.LocalInterruptController.Signal;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The way of a board's own interrupt controller to a vCPU, where the kernel has none: interrupts are injected one at a time, when the
 * vCPU is ready, and what the guest does to CR8 and IA32_APIC_BASE is carried over after each run. For the vCPU's thread.
 */
final class BoardInterrupts {
    private final KvmVcpu vcpu;
    private final KvmRun shared;
    private final LocalInterruptController controller;
    private final ReentrantLock boardLock;

    /** IA32_APIC_BASE as KVM has it. */
    private long apicBase;

    private int priority;

    BoardInterrupts(KvmVcpu vcpu, LocalInterruptController controller, ReentrantLock boardLock) {
        this.vcpu = vcpu;
        this.shared = vcpu.shared();
        this.controller = controller;
        this.boardLock = boardLock;
    }

    boolean wakesUp() {
        return controller.interruptPending() && shared.interruptFlag();
    }

    Signal takeSignal() {
        boardLock.lock();
        try {
            return controller.takeSignal();
        } finally {
            boardLock.unlock();
        }
    }

    /** Injects what is pending, or asks for an exit when it can be. */
    void prepare() throws PosixException {
        if (controller.interruptPending() && shared.readyForInterrupt()) {
            int vector;
            boardLock.lock();
            try {
                vector = controller.acknowledge();
            } finally {
                boardLock.unlock();
            }
            if (vector >= 0) {
                vcpu.injectInterrupt(vector);
                shared.setInterruptible(shared.interruptFlag(), false);
            }
        }
        shared.requestInterruptWindow(controller.interruptPending());
    }

    /** KVM has the controller's base address, for it was given it. */
    void baseGiven() {
        apicBase = controller.baseAddress();
    }

    void beforeRun() {
        priority = controller.taskPriorityClass();
        shared.setCr8(priority);
    }

    void afterRun() {
        int newPriority = shared.cr8();
        long newBase = shared.apicBase();
        if (newPriority != priority || newBase != apicBase) {
            apicBase = newBase;
            boardLock.lock();
            try {
                controller.setTaskPriorityClass(newPriority);
                controller.setBaseAddress(newBase);
            } finally {
                boardLock.unlock();
            }
        }
    }
}
