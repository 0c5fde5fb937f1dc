// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.ThreadSignal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * How long threads were ready to run and the host's scheduler did not let them (the second number of /proc/PID/task/TID/schedstat): what
 * a test of response times must leave out where others use the host. Of a thread that has ended meanwhile it knows nothing.
 */
public final class HostDelay {
    private static final Path TASKS = Path.of("/proc/self/task");

    private final Map<Path, Long> before = new LinkedHashMap<>();

    private HostDelay(List<Path> tasks) {
        tasks.forEach(task -> before.put(task, nanos(task)));
    }

    /** Of the calling thread, from now on. */
    public static HostDelay ofThisThread() {
        return new HostDelay(List.of(own()));
    }

    /** The same, with those whose names begin so; names are told apart by 15 characters. */
    public static HostDelay ofThisThreadAnd(String... names) {
        try (Stream<Path> all = Files.list(TASKS)) {
            Stream<Path> named = all.filter(task -> isNamed(task, names));
            return new HostDelay(
                    Stream.concat(Stream.of(own()), named).distinct().toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path own() {
        return TASKS.resolve(String.valueOf(ThreadSignal.currentThread()));
    }

    private static boolean isNamed(Path task, String... names) {
        try {
            String name = Files.readString(task.resolve("comm"));
            return Arrays.stream(names).anyMatch(name::startsWith);
        } catch (IOException ended) {
            return false;
        }
    }

    private static long nanos(Path task) {
        try {
            return Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ")[1]);
        } catch (IOException ended) {
            return -1;
        }
    }

    /** Nanoseconds, of all together. Any thread. */
    public long nanosSinceMade() {
        long sum = 0;
        for (Map.Entry<Path, Long> each : before.entrySet()) {
            long now = nanos(each.getKey());
            sum += now < 0 || each.getValue() < 0 ? 0 : now - each.getValue();
        }
        return sum;
    }
}
