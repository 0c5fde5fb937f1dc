// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/** Told what happens to a machine. Called on engine threads: return soon, and do not call back into the machine. */
public interface MachineListener {
    /** The machine's state changed. */
    default void stateChanged(VirtualMachine machine, MachineState state) {}

    /** The running machine moved from KVM to Terrarium's own processor; {@code reason} is one line for a person. */
    default void acceleratorChanged(VirtualMachine machine, String reason) {}

    /** The machine's configuration or name changed. */
    default void configurationChanged(VirtualMachine machine) {}
}
