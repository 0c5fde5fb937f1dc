// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The benchmark's guest on one engine, in a process of its own whose standard streams are the serial line. */
abstract class GuestMachine implements AutoCloseable {
    private static final Duration BOOT_TIME = Duration.ofMinutes(3);
    private static final Duration RUN_TIME = Duration.ofMinutes(30);
    static final Duration ANSWER_TIME = Duration.ofSeconds(30);

    private final String engine;

    GuestMachine(String engine) {
        this.engine = engine;
    }

    /** As in the table's head. */
    final String engine() {
        return engine;
    }

    /**
     * Switches the machine on and waits until it takes commands.
     *
     * @return seconds from power-on to the first line of its first program
     */
    abstract double powerOn() throws BenchException, IOException, InterruptedException;

    /** Has the guest power itself off, and waits for it. */
    abstract void powerOff() throws BenchException, IOException, InterruptedException;

    /** Stops the vCPUs and the guest's clock: from here the process has nothing to do. */
    abstract void pause() throws BenchException, IOException, InterruptedException;

    abstract void resume() throws BenchException, IOException, InterruptedException;

    abstract Process process();

    abstract SerialLines serial();

    /** Waits for the marks of a booting guest and returns when the first was read. */
    final long awaitBoot() throws BenchException, InterruptedException {
        long up = serial().await("GUEST-UP", BOOT_TIME).nanos();
        serial().await("GUEST-READY", BOOT_TIME);
        return up;
    }

    /**
     * Runs a row once.
     *
     * @param copies how many of it at the same time
     */
    final RowRun run(Row row, int amount, int copies) throws BenchException, IOException, InterruptedException {
        String name = row.guestName();
        serial().send("run " + name + " " + amount + " " + copies);
        long begin = serial().await("BEGIN " + name, RUN_TIME).nanos();
        long end = serial().await("END " + name, RUN_TIME).nanos();
        String sums = serial().await("CHECKSUM " + name, ANSWER_TIME).text();
        return new RowRun((end - begin) / 1e9, List.of(sums.split(" ")).subList(2, 2 + copies));
    }

    /** Ends the process, whatever it does. */
    @Override
    public void close() throws InterruptedException {
        process().destroyForcibly();
        if (!process().waitFor(ANSWER_TIME.toSeconds(), TimeUnit.SECONDS)) {
            System.err.println("bench: " + engine + " (process " + process().pid() + ") does not end: kill it");
        }
    }
}
