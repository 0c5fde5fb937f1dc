// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;
import java.util.Optional;

/** Opens the application's window; the command line's only way to it. */
@FunctionalInterface
public interface Window {
    /**
     * Opens the window on a home folder and returns, when it is closed, the process's exit status.
     *
     * @param request the machine to show; empty for the list as it is
     * @throws TerrariumException if there can be no window
     */
    int open(Path home, Optional<Request> request) throws TerrariumException;

    /** A machine to show, and whether to start it first. */
    record Request(String machine, boolean start) {}
}
