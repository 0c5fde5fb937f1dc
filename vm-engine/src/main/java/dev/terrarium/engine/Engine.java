// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import dev.terrarium.engine.library.LocalHost;
import java.nio.file.Path;

/** The way into the engine. */
public final class Engine {
    private Engine() {}

    /**
     * Opens the machines of a home folder, which is made if it does not exist. Several processes may have the same home
     * open; each machine runs in one of them.
     *
     * @throws TerrariumException if the folder cannot be made or read
     */
    public static Host open(Path home) throws TerrariumException {
        return LocalHost.open(home);
    }

    /** The home folder: {@code $TERRARIUM_HOME}, else {@code terrarium} in the XDG data folder. */
    public static Path defaultHome() {
        String home = System.getenv("TERRARIUM_HOME");
        if (home != null && !home.isEmpty()) {
            return Path.of(home).toAbsolutePath();
        }
        String data = System.getenv("XDG_DATA_HOME");
        Path base = data != null && !data.isEmpty()
                ? Path.of(data)
                : Path.of(System.getProperty("user.home"), ".local", "share");
        return base.resolve("terrarium").toAbsolutePath();
    }
}
