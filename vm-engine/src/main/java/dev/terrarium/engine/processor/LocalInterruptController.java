// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor;

import dev.terrarium.engine.device.RegisterWindow;

/**
 * The interrupt controller beside one processor (a local APIC with the 8259 pair behind its LINT0 pin), as that
 * processor sees it. {@link #interruptPending} is read from the processor's own thread without a lock; all other calls
 * are made with the board's lock held.
 */
public interface LocalInterruptController {
    /** Is there an interrupt that the processor should take when it next can (its IF flag aside)? A volatile read. */
    boolean interruptPending();

    /** The processor takes the interrupt. Returns its vector, 0 to 255, or -1 if it has gone away. */
    int acknowledge();

    /** May {@link #takeSignal} have something? Any thread, without a lock. */
    default boolean signalPending() {
        return true;
    }

    /** Takes a pending non-maskable interrupt, INIT or start-up request. */
    Signal takeSignal();

    /** The vector of the last {@link Signal#STARTUP}: the processor starts at physical address {@code vector << 12}. */
    int startupVector();

    /** The 4 KiB of memory-mapped registers, which the processor shows at {@link #baseAddress}. */
    RegisterWindow registers();

    /** The IA32_APIC_BASE register (Intel SDM volume 3, section 11.4.4). */
    long baseAddress();

    void setBaseAddress(long value);

    /** The task priority class: what CR8 reads, 0 to 15. */
    int taskPriorityClass();

    void setTaskPriorityClass(int value);

    /** Names what to call, from any thread, when {@link #interruptPending} became true or a signal arrived. */
    void onRequest(Runnable wake);

    /** What {@link #takeSignal} returned. */
    enum Signal {
        NONE,
        NON_MASKABLE,
        INIT,
        STARTUP
    }
}
