// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One workload of the suite: what the guest's {@code run NAME AMOUNT COPIES} takes. The full amount takes QEMU 7.2's TCG ten
 * seconds or more on the 2-core AMD EPYC host where it was chosen. Targets are issue 3's.
 */
enum Row {
    SHELL("shell", "busybox shell loop", Kind.CPU, 1.0, "thousand rounds", 320),
    CORE("core", "core (list, matrix, states, CRC)", Kind.CPU, 1.0, "rounds", 30_000),
    GZIP("gzip", "gzip -9 in tmpfs", Kind.CPU, 1.0, "MiB (at most 64)", 64),
    SHA256("sha256", "sha256sum in tmpfs", Kind.CPU, 1.0, "MiB", 14 * 64),
    FLOAT("float", "floating point (SSE2 doubles)", Kind.CPU, 0.25, "rounds", 18_000),
    MULTI_WORD("multi-word", "2048-bit multiplication", Kind.CPU, 1.0, "times 64 bits", 11_000),
    CHASE("chase", "pointer chase in 8 MiB", Kind.CPU, 1.0, "million hops", 70),
    BYTECODE("bytecode", "bytecode interpreter", Kind.CPU, 1.0, "runs", 900),
    MEMCPY("memcpy", "memcpy", Kind.CPU, 1.0, "GiB", 12),
    FORK_EXEC("fork-exec", "fork + exec + wait", Kind.SYSTEM, 1.5, "processes", 4_500),
    SYSTEM_CALL("system-call", "getpid system call", Kind.SYSTEM, 1.0, "thousand calls", 26_000),
    PIPE("pipe", "pipe ping-pong", Kind.SYSTEM, 1.5, "thousand round trips", 180);

    /** What limits a row. */
    enum Kind {
        /** Counts in the geometric mean. */
        CPU,
        SYSTEM
    }

    private static final int BRIEF_DIVISOR = 30;

    private final String guestName;
    private final String title;
    private final Kind kind;
    private final double target;
    private final String unit;
    private final int full;

    Row(String guestName, String title, Kind kind, double target, String unit, int full) {
        this.guestName = guestName;
        this.title = title;
        this.kind = kind;
        this.target = target;
        this.unit = unit;
        this.full = full;
    }

    /** As on the command line and in the guest. */
    String guestName() {
        return guestName;
    }

    String title() {
        return title;
    }

    Kind kind() {
        return kind;
    }

    /** The largest ratio that passes. */
    double target() {
        return target;
    }

    /** What the amount counts. */
    String unit() {
        return unit;
    }

    /** The full amount times a factor, at least 1; gzip's text has 64 MiB, so that it cannot grow. */
    int amount(double scale) {
        int scaled = (int) Math.max(1, Math.round(full * scale));
        return this == GZIP ? Math.min(full, scaled) : scaled;
    }

    /** Some tenths of a second's work for TCG: for trying things out. */
    int briefAmount() {
        return Math.max(1, full / BRIEF_DIVISOR);
    }

    /**
     * The row of that name.
     *
     * @throws BenchException if there is none; it names those there are
     */
    static Row named(String name) throws BenchException {
        for (Row row : values()) {
            if (row.guestName.equals(name)) {
                return row;
            }
        }
        throw new BenchException("there is no row \"" + name + "\": the rows are "
                + Arrays.stream(values()).map(Row::guestName).collect(Collectors.joining(", ")));
    }

    /**
     * Rows by their names, in the table's order.
     *
     * @throws BenchException if one does not exist
     */
    static List<Row> named(List<String> names) throws BenchException {
        List<Row> rows = new ArrayList<>();
        for (String name : names) {
            rows.add(named(name));
        }
        return Arrays.stream(values()).filter(rows::contains).toList();
    }
}
