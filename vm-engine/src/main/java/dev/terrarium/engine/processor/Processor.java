// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor;

import dev.terrarium.engine.EngineStatistics;

/**
 * One vCPU. {@link #run} is called by the vCPU's own thread, over and over; {@link #kick} from any thread. The other
 * calls are made by the vCPU's thread, or by any thread while the vCPU is not inside {@link #run}.
 */
public interface Processor extends AutoCloseable {
    /** Runs the guest until there is something for the board to do. Sleeps, not spins, while the guest is halted. */
    Exit run();

    /** Makes a running {@link #run} return soon with {@link Exit#KICKED}; if none is running, the next one. */
    void kick();

    /** The state after power-on or INIT (Intel SDM volume 3, table 10-1). */
    void reset();

    ProcessorState state();

    /**
     * Replaces the state.
     *
     * @throws dev.terrarium.engine.device.InvalidStateException if no processor can be in that state
     */
    void restore(ProcessorState state);

    /** Opens (true) or closes the A20 address line's gate. */
    void setA20(boolean enabled);

    /** What executes the guest's instructions now: {@code software} or {@code kvm}. Any thread. */
    String accelerator();

    /** Guest instructions executed since the processor was made; 0 if they are not counted. Any thread. */
    long instructions();

    /** What it executed, interpreted and compiled, since it was made. Any thread. */
    EngineStatistics statistics();

    /** Nanoseconds spent running the guest rather than waiting in HLT. Any thread. */
    long busyNanos();

    @Override
    void close();

    /** Why {@link #run} returned. */
    enum Exit {
        /** Somebody called {@link #kick}. */
        KICKED,
        /** The guest's triple fault: a PC's board answers with a reset. */
        SHUTDOWN
    }
}
