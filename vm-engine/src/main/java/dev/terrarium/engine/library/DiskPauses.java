// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The pause that a machine is in because of a disk, if it is in one. Changed by the holder of the machine's monitor, read by all. */
final class DiskPauses {
    private volatile @Nullable DiskPause now;

    boolean isPresent() {
        return now != null;
    }

    boolean is(DiskPause pause) {
        return now == pause;
    }

    Optional<String> reason() {
        return Optional.ofNullable(now).map(DiskPause::reason);
    }

    void begin(DiskPause pause) {
        now = pause;
    }

    /** From now on a person decides when the machine goes on; false if it is in no such pause. */
    boolean leaveToPerson() {
        DiskPause pause = now;
        if (pause != null) {
            pause.stopWatching();
        }
        return pause != null;
    }

    void end() {
        leaveToPerson();
        now = null;
    }
}
