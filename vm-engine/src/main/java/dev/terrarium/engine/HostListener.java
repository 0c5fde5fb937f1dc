// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/** Told what happens to the collection of machines. Called on engine threads. */
public interface HostListener {
    default void machineAdded(VirtualMachine machine) {}

    default void machineRemoved(VirtualMachine machine) {}
}
