// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** One engine with its machine, which is made anew after it broke. */
final class Side implements AutoCloseable {
    /** Makes an engine's process, with the machine off. */
    interface Launcher {
        GuestMachine launch() throws IOException;
    }

    private final Launcher launcher;
    private @Nullable GuestMachine machine;
    private boolean on;
    private boolean paused;

    Side(Launcher launcher) {
        this.launcher = launcher;
    }

    GuestMachine machine() throws IOException {
        if (machine == null) {
            machine = launcher.launch();
        }
        return machine;
    }

    /** The engine's process; null if there is none now. */
    @Nullable
    Process process() {
        return machine == null ? null : machine.process();
    }

    /** Seconds from power-on to the guest's first program. */
    double powerOn() throws BenchException, IOException, InterruptedException {
        double seconds = machine().powerOn();
        on = true;
        return seconds;
    }

    void powerOff() throws BenchException, IOException, InterruptedException {
        machine().powerOff();
        on = false;
    }

    void pause() throws BenchException, IOException, InterruptedException {
        if (on && !paused) {
            machine().pause();
            paused = true;
        }
    }

    /** Makes the machine run, whether it was paused, off, or broken. */
    void wake() throws BenchException, IOException, InterruptedException {
        if (!on) {
            powerOn();
        } else if (paused) {
            machine().resume();
            paused = false;
        }
    }

    /** Throws the process away. */
    void discard() throws InterruptedException {
        if (machine != null) {
            machine.close();
            machine = null;
        }
        on = false;
        paused = false;
    }

    @Override
    public void close() throws InterruptedException {
        discard();
    }
}
