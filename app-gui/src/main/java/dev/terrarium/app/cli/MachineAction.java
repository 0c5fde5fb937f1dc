// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.util.Locale;

/** What can be done to a running machine in one word. */
enum MachineAction {
    SHUTDOWN("Presses the power button: a guest that listens shuts itself down.", VirtualMachine::pressPowerButton),
    DESTROY("Cuts the power of a running machine. Its disks stay.", VirtualMachine::forceOff),
    RESET("Presses the reset button.", VirtualMachine::reset),
    SUSPEND("Lets a machine stand still, with its memory.", VirtualMachine::pause),
    RESUME("Lets a suspended machine go on.", VirtualMachine::resume);

    private final String description;
    private final Action action;

    MachineAction(String description, Action action) {
        this.description = description;
        this.action = action;
    }

    @FunctionalInterface
    private interface Action {
        void on(VirtualMachine machine) throws TerrariumException;
    }

    String commandName() {
        return name().toLowerCase(Locale.ROOT);
    }

    String description() {
        return description;
    }

    void on(VirtualMachine machine) throws TerrariumException {
        action.on(machine);
    }
}
