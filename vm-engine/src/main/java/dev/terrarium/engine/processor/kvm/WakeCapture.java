// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.processor.LocalInterruptController;

/** A vCPU's interrupt controller as its software stand-in sees it: the same, but whom to wake is decided by the vCPU. */
final class WakeCapture implements LocalInterruptController {
    private final LocalInterruptController controller;
    private volatile Runnable wake = () -> {};

    WakeCapture(LocalInterruptController controller) {
        this.controller = controller;
    }

    /** Wakes the stand-in. */
    void wakeStandIn() {
        wake.run();
    }

    @Override
    public void onRequest(Runnable itsWake) {
        wake = itsWake;
    }

    @Override
    public boolean interruptPending() {
        return controller.interruptPending();
    }

    @Override
    public int acknowledge() {
        return controller.acknowledge();
    }

    @Override
    public Signal takeSignal() {
        return controller.takeSignal();
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
        return controller.baseAddress();
    }

    @Override
    public void setBaseAddress(long value) {
        controller.setBaseAddress(value);
    }

    @Override
    public int taskPriorityClass() {
        return controller.taskPriorityClass();
    }

    @Override
    public void setTaskPriorityClass(int value) {
        controller.setTaskPriorityClass(value);
    }
}
