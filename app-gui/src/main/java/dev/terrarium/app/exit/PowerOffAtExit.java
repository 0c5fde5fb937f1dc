// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.exit;

import dev.terrarium.engine.Host;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a host when a signal (SIGINT, SIGTERM, SIGHUP) ends the process: its machines' power is cut, their files closed,
 * their control sockets and locks gone. The process then ends with status 128 + the signal's number, the JVM's own.
 */
public final class PowerOffAtExit implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PowerOffAtExit.class);

    private final Thread hook;

    /** Begins to watch over {@code host}. */
    public PowerOffAtExit(Host host) {
        hook = new Thread(host::close, "power off at exit");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Ends the watch: somebody closes the host in another way. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            LOG.debug("the process is ending", e);
        }
    }
}
