// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/**
 * What a machine is doing. The transitions: OFF, SAVED or CRASHED to STARTING to RUNNING; RUNNING to PAUSED and back; RUNNING or
 * PAUSED to OFF, to SAVED, or to CRASHED when the engine had to stop it; SAVED to OFF when its state is discarded, and to PAUSED if
 * it was that when it was saved.
 */
public enum MachineState {
    /** Switched off. */
    OFF,
    /** Being put together; its vCPUs do not run yet. */
    STARTING,
    RUNNING,
    /** Stands still, with its memory; its clock stands still too. */
    PAUSED,
    /** Not in memory; the next start lets it go on where it was. */
    SAVED,
    /** The engine stopped it: {@link VirtualMachine#failure} says why. */
    CRASHED;

    /** Is there a machine in memory? */
    public boolean active() {
        return this == STARTING || this == RUNNING || this == PAUSED;
    }
}
