// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.board.BoardEvents;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A board's events, handed to a thread that may take the machine apart.
 *
 * @param line where the run's serial line will be, which also tells which run it is
 */
record RunEvents(LocalMachine machine, AtomicReference<@Nullable SerialHub> line) implements BoardEvents {
    @Override
    public void poweredOff() {
        later(new MachineEnd.PoweredOff());
    }

    @Override
    public void crashed(String reason) {
        later(new MachineEnd.Crashed(reason));
    }

    @Override
    public void debugExit(int status) {
        later(new MachineEnd.DebugExit(status));
    }

    @Override
    public void leftKvm(String reason) {
        Thread.ofVirtual().name("notice of " + machine.name()).start(() -> machine.leftKvm(reason));
    }

    @Override
    public void diskTroubled() {
        Thread.ofVirtual().name("trouble of " + machine.name()).start(machine::pauseForDisks);
    }

    private void later(MachineEnd how) {
        Thread.ofVirtual().name("end of " + machine.name()).start(() -> machine.finish(how, line.get()));
    }

    @Override
    public void serialOutput(int value) {
        SerialHub hub = line.get();
        if (hub != null) {
            hub.fromGuest(value);
        }
    }
}
