// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/**
 * What a machine is doing. The transitions: OFF to STARTING to RUNNING; RUNNING to PAUSED and back; RUNNING or PAUSED to
 * OFF, or to CRASHED when the engine had to stop it; CRASHED to STARTING.
 */
public enum MachineState {
    /** Switched off. */
    OFF,
    /** Being put together; its vCPUs do not run yet. */
    STARTING,
    RUNNING,
    /** Stands still, with its memory; its clock stands still too. */
    PAUSED,
    /** The engine stopped it: {@link VirtualMachine#failure} says why. */
    CRASHED;

    /** Is there a machine in memory? */
    public boolean active() {
        return this == STARTING || this == RUNNING || this == PAUSED;
    }
}
