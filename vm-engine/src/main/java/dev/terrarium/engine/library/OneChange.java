// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.TerrariumException;
import java.util.concurrent.atomic.AtomicBoolean;

/** Lets one change of a machine as a whole (a save, a snapshot) be under way at a time; a second one is told so. */
final class OneChange {
    private final AtomicBoolean underWay = new AtomicBoolean();

    /** The right to make a change, until it is closed. */
    record Right(AtomicBoolean underWay) implements AutoCloseable {
        @Override
        public void close() {
            underWay.set(false);
        }
    }

    Right begin(String machine) throws TerrariumException {
        if (!underWay.compareAndSet(false, true)) {
            throw new TerrariumException("\"" + machine + "\" is being saved or changed already: wait for that");
        }
        return new Right(underWay);
    }
}
