// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Figures of one machine at one moment. Rates are for the reader to make from two of them.
 *
 * @param accelerator what runs its instructions: {@code software} or {@code kvm}; {@code none} while it is off
 * @param uptimeNanos time the machine has run since it was started, pauses left out
 * @param vcpus processors it runs now
 * @param busyNanos time its processors were executing rather than halted, all together
 * @param instructions guest instructions executed, all processors together; 0 where nobody counts
 * @param memoryBytes RAM it has
 * @param residentBytes host memory its RAM takes now
 * @param screenWidth in pixels; 0 while the machine is off
 * @param diskReadBytes read from all drives since the start
 * @param diskWrittenBytes written to all drives since the start
 * @param engine what its software processors did; an older process that runs it does not say
 * @param network what its networks carried; an older process that runs it does not say
 * @param guestMemory what the guest says about its memory; an older process that runs it does not say
 */
public record MachineStatistics(
        MachineState state,
        String accelerator,
        long uptimeNanos,
        int vcpus,
        long busyNanos,
        long instructions,
        long memoryBytes,
        long residentBytes,
        int screenWidth,
        int screenHeight,
        long diskReadBytes,
        long diskWrittenBytes,
        @Nullable EngineStatistics engine,
        @Nullable GuestMemory guestMemory,
        @Nullable Network network) {

    public MachineStatistics {
        engine = Objects.requireNonNullElse(engine, EngineStatistics.NONE);
        network = Objects.requireNonNullElse(network, Network.NONE);
        guestMemory = Objects.requireNonNullElse(guestMemory, GuestMemory.NONE);
    }

    /** The figures of a machine whose guest does not tell about its memory. */
    public MachineStatistics(
            MachineState state,
            String accelerator,
            long uptimeNanos,
            int vcpus,
            long busyNanos,
            long instructions,
            long memoryBytes,
            long residentBytes,
            int screenWidth,
            int screenHeight,
            long diskReadBytes,
            long diskWrittenBytes,
            @Nullable EngineStatistics engine) {
        this(
                state,
                accelerator,
                uptimeNanos,
                vcpus,
                busyNanos,
                instructions,
                memoryBytes,
                residentBytes,
                screenWidth,
                screenHeight,
                diskReadBytes,
                diskWrittenBytes,
                engine,
                null,
                null);
    }

    /**
     * What a machine's networks carried since the start.
     *
     * @param receivedBytes of frames for the guest
     * @param sentBytes of frames of the guest's
     * @param guestAddress IPv4 address of the guest on its first network, as it last used one; null until it has
     */
    public record Network(
            long receivedBytes, long sentBytes, @Nullable String guestAddress) {
        /** No network. */
        public static final Network NONE = new Network(0, 0, null);
    }

    @Override
    public Network network() {
        return Objects.requireNonNull(network);
    }

    @Override
    public GuestMemory guestMemory() {
        return Objects.requireNonNull(guestMemory);
    }

    @Override
    public EngineStatistics engine() {
        return Objects.requireNonNull(engine);
    }

    /** The figures of a machine that is off. */
    public static MachineStatistics off(MachineState state, int vcpus, long memoryBytes) {
        return new MachineStatistics(state, "none", 0, vcpus, 0, 0, memoryBytes, 0, 0, 0, 0, 0, null);
    }
}
