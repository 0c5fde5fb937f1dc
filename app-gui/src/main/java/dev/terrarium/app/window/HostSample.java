// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.Host.DamagedMachine;
import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import java.util.List;
import java.util.Optional;

/**
 * What the host and its machines were doing at one moment.
 *
 * @param processorLoad of the host, between 0 and 1
 * @param timeNanos of {@link System#nanoTime}
 */
record HostSample(
        List<MachineSample> machines,
        List<DamagedMachine> damaged,
        HostCapabilities capabilities,
        double processorLoad,
        long timeNanos) {
    HostSample {
        machines = List.copyOf(machines);
        damaged = List.copyOf(damaged);
    }

    /**
     * One machine of it.
     *
     * @param pauseReason why the engine paused it
     */
    record MachineSample(
            VirtualMachine machine,
            MachineConfig config,
            MachineState state,
            boolean elsewhere,
            Optional<String> failure,
            Optional<String> pauseReason,
            MachineStatistics statistics,
            long timeNanos) {
        static MachineSample of(VirtualMachine machine) {
            return new MachineSample(
                    machine,
                    machine.config(),
                    machine.state(),
                    machine.runsElsewhere(),
                    machine.failure(),
                    machine.pauseReason(),
                    machine.statistics(),
                    System.nanoTime());
        }
    }
}
