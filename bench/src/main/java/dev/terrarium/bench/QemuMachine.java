// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The guest on QEMU's software processor (TCG), the peer, with QEMU's default machine and processor model. */
final class QemuMachine extends GuestMachine {
    private final GuestImage image;
    private final Path monitorSocket;
    private @Nullable Process process;
    private @Nullable SerialLines serial;
    private @Nullable QemuMonitor monitor;

    QemuMachine(GuestImage image) throws IOException {
        super("QEMU TCG");
        this.image = image;
        monitorSocket = Files.createTempDirectory("terrarium-bench").resolve("qmp");
    }

    /** {@inheritDoc} Power-on is the start of the process. */
    @Override
    double powerOn() throws BenchException, IOException, InterruptedException {
        long from = System.nanoTime();
        Process started = new ProcessBuilder(List.of(
                        "qemu-system-x86_64",
                        "-accel",
                        "tcg",
                        "-m",
                        String.valueOf(image.memoryMiB()),
                        "-smp",
                        String.valueOf(image.cpus()),
                        "-display",
                        "none",
                        "-serial",
                        "stdio",
                        "-monitor",
                        "none",
                        "-qmp",
                        "unix:" + monitorSocket + ",server=on,wait=off",
                        "-no-reboot",
                        "-net",
                        "none",
                        "-kernel",
                        image.kernel().toString(),
                        "-initrd",
                        image.initrd().toString(),
                        "-append",
                        GuestImage.COMMAND_LINE))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process = started;
        serial = new SerialLines(engine(), started.getInputStream(), started.getOutputStream());
        double seconds = (awaitBoot() - from) / 1e9;
        monitor = new QemuMonitor(monitorSocket);
        return seconds;
    }

    @Override
    void powerOff() throws BenchException, IOException, InterruptedException {
        serial().send("off");
        if (!process().waitFor(ANSWER_TIME.toSeconds(), TimeUnit.SECONDS)) {
            throw new BenchException("QEMU does not power off: see what the guest does");
        }
        closeMonitor();
    }

    @Override
    void pause() throws BenchException, IOException {
        monitor().execute("stop");
    }

    @Override
    void resume() throws BenchException, IOException {
        monitor().execute("cont");
    }

    @Override
    public void close() throws InterruptedException {
        if (process != null) {
            super.close();
        }
        try {
            closeMonitor();
            Files.deleteIfExists(monitorSocket);
            Files.deleteIfExists(monitorSocket.getParent());
        } catch (IOException e) {
            System.err.println("bench: " + monitorSocket + " stays: " + e.getMessage());
        }
    }

    private void closeMonitor() throws IOException {
        if (monitor != null) {
            monitor.close();
            monitor = null;
        }
    }

    private QemuMonitor monitor() throws BenchException {
        if (monitor == null) {
            throw off();
        }
        return monitor;
    }

    @Override
    Process process() {
        if (process == null) {
            throw new IllegalStateException("QEMU was not started");
        }
        return process;
    }

    @Override
    SerialLines serial() {
        if (serial == null) {
            throw new IllegalStateException("QEMU was not started");
        }
        return serial;
    }

    private static BenchException off() {
        return new BenchException("QEMU is off: power it on first");
    }
}
