// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that no flush of a file succeeds after one that failed.
 *
 * <p>After an fsync that failed the kernel may have dropped what was to be written, and say of the next fsync that it
 * succeeded (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
 */
final class FlushGuard {
    private final Path file;
    private volatile @Nullable IOException lost;

    FlushGuard(Path file) {
        this.file = file;
    }

    /** The host's fsync. */
    @FunctionalInterface
    interface Flush {
        void run() throws IOException;
    }

    void run(Flush flush) throws IOException {
        IOException before = lost;
        if (before != null) {
            throw new HostIoException(file, before, true);
        }
        try {
            flush.run();
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            lost = e;
            throw new HostIoException(file, e, true);
        }
    }
}
