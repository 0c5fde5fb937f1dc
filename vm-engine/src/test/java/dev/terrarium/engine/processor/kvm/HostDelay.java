// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.ThreadSignal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How long a thread was ready to run and the host's scheduler did not let it (the second number of /proc/PID/task/TID/schedstat): what a
 * test of response times must leave out where others use the host.
 */
public final class HostDelay {
    private final Path file;

    private HostDelay(int thread) {
        file = Path.of("/proc/self/task/" + thread + "/schedstat");
    }

    /** Of the calling thread. */
    public static HostDelay ofThisThread() {
        return new HostDelay(ThreadSignal.currentThread());
    }

    /** Nanoseconds so far. Any thread. */
    public long nanos() {
        try {
            return Long.parseLong(Files.readString(file).split(" ")[1]);
        } catch (IOException e) {
            throw new UncheckedIOException("no " + file, e);
        }
    }
}
