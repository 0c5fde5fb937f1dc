// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.processor.LocalInterruptController;

/**
 * A vCPU's interrupt controller as its software stand-in sees it: the same, but whom to wake is decided by the vCPU; and while the
 * kernel's controller works in its place, what goes with the vCPU's registers is kept here between fetching and giving back.
 */
final class StandInController implements LocalInterruptController {
    private final LocalInterruptController controller;
    private volatile Runnable wake = () -> {};
    private volatile boolean lent;
    private long base;
    private int priority;

    StandInController(LocalInterruptController controller) {
        this.controller = controller;
    }

    /** Wakes the stand-in. */
    void wakeStandIn() {
        wake.run();
    }

    /** The kernel's controller has these, until {@link #own}. */
    void lent(long newBase, int newPriority) {
        base = newBase;
        priority = newPriority;
        lent = true;
    }

    /** The board's controller has them. */
    void own() {
        lent = false;
    }

    @Override
    public void onRequest(Runnable itsWake) {
        wake = itsWake;
    }

    @Override
    public boolean interruptPending() {
        return !lent && controller.interruptPending();
    }

    @Override
    public int acknowledge() {
        return controller.acknowledge();
    }

    @Override
    public Signal takeSignal() {
        return lent ? Signal.NONE : controller.takeSignal();
    }

    @Override
    public int startupVector() {
        return controller.startupVector();
    }

    @Override
    public RegisterWindow registers() {
        return controller.registers();
    }

    @Override
    public long baseAddress() {
        return lent ? base : controller.baseAddress();
    }

    @Override
    public void setBaseAddress(long value) {
        if (lent) {
            base = value;
        } else {
            controller.setBaseAddress(value);
        }
    }

    @Override
    public int taskPriorityClass() {
        return lent ? priority : controller.taskPriorityClass();
    }

    @Override
    public void setTaskPriorityClass(int value) {
        if (lent) {
            priority = value;
        } else {
            controller.setTaskPriorityClass(value);
        }
    }
}
