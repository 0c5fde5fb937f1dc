// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.exit;

import java.util.List;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/**
 * The signals that ask a process to end: SIGINT, SIGTERM, SIGHUP. A window takes them itself, because the JVM would end
 * the toolkit's threads under a window that still draws.
 */
public final class EndSignals {
    private static final Logger LOG = LoggerFactory.getLogger(EndSignals.class);
    private static final List<String> NAMES = List.of("INT", "TERM", "HUP");
    private static final int SIGNALLED = 128;

    private EndSignals() {}

    /**
     * From now on such a signal does not end the process by itself; a signal that is ignored stays so.
     *
     * @param action gets the exit status that says so, 128 + the signal's number, on a thread of the JVM's
     */
    public static void handle(IntConsumer action) {
        for (String name : NAMES) {
            try {
                Signal.handle(new Signal(name), signal -> action.accept(SIGNALLED + signal.getNumber()));
            } catch (IllegalArgumentException e) {
                LOG.debug("SIG{} is left to the JVM", name, e);
            }
        }
    }
}
