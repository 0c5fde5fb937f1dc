// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.image.DiskTrouble;
import dev.terrarium.engine.posix.HostError;
import java.io.File;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A machine's standing still because the host cannot do its disks' requests; where the host's disk was full it is looked at
 * every now and then, so that the machine can go on when there is room again.
 */
final class DiskPause {
    /** As much room as lets the machine go on: this, or a tenth of a file system that is smaller than ten times this. */
    private static final long ENOUGH = 64L << 20;

    private static final Duration INTERVAL = Duration.ofSeconds(2);
    private static final Logger LOG = LoggerFactory.getLogger(DiskPause.class);

    private final DiskTrouble trouble;
    private final long roomThen;
    private volatile boolean watching;

    DiskPause(DiskTrouble trouble) {
        this.trouble = trouble;
        this.roomThen = file().getUsableSpace();
    }

    String reason() {
        return watching ? trouble.line() + "; with room it goes on by itself, too" : trouble.line();
    }

    private File file() {
        return trouble.file().toFile();
    }

    /** Calls {@code resume} on a thread of its own once there is room again, if that is what is missing. */
    void watch(String machine, Runnable resume) {
        if (trouble.error() != HostError.NO_ROOM) {
            return;
        }
        watching = true;
        Thread.ofVirtual().name("room for " + machine).start(() -> {
            try {
                do {
                    Thread.sleep(INTERVAL);
                } while (watching && !hasRoom());
            } catch (InterruptedException e) {
                LOG.debug("{}: nobody looks for room any more", machine, e);
                return;
            }
            if (watching) {
                LOG.info("{}: there is room on the host's disk again", machine);
                resume.run();
            }
        });
    }

    private boolean hasRoom() {
        long room = file().getUsableSpace();
        return room > roomThen && room >= Math.min(ENOUGH, file().getTotalSpace() / 10);
    }

    /** Leaves it to the person to let the machine go on. */
    void stopWatching() {
        watching = false;
    }
}
