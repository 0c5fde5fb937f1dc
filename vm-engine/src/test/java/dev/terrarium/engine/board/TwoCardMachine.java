// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A Linux machine with two network cards and a crossed cable between them. */
public final class TwoCardMachine implements AutoCloseable {
    private final StringBuffer serial = new StringBuffer();
    private final CountDownLatch end = new CountDownLatch(1);
    private final CrossedCable cable = new CrossedCable();
    private final Board board;

    /** @param folder for the log */
    public TwoCardMachine(KernelBoot kernel, int vcpus, Path folder) throws Exception {
        NetworkConfig first = new NetworkConfig(NetworkConfig.Kind.UNPLUGGED, "52:54:00:00:00:01");
        NetworkConfig second = new NetworkConfig(NetworkConfig.Kind.UNPLUGGED, "52:54:00:00:00:02");
        MachineConfig config = new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                "two cards",
                "other",
                256,
                vcpus,
                vcpus,
                MachineConfig.Accelerator.SOFTWARE,
                List.of(),
                List.of(),
                kernel,
                List.of(first, second),
                null,
                null);
        Networks networks = (index, card) -> java.util.Optional.of(card == first ? cable.first() : cable.second());
        board = Board.build(config, networks, folder.resolve("log"), new Events());
        board.powerOn();
    }

    private final class Events implements BoardEvents {
        @Override
        public void poweredOff() {
            end.countDown();
        }

        @Override
        public void crashed(String reason) {
            serial.append("CRASHED ").append(reason);
            end.countDown();
        }

        @Override
        public void debugExit(int status) {}

        @Override
        public void diskTroubled() {
            serial.append("DISK TROUBLED");
            end.countDown();
        }

        @Override
        public void leftKvm(String reason) {}

        @Override
        public void serialOutput(int value) {
            serial.append((char) value);
        }
    }

    public String serial() {
        return serial.toString();
    }

    /** Frames that were sent with segments yet to be cut. */
    public int largeFrames() {
        return cable.largeFrames.get();
    }

    /** Waits until the serial line has shown {@code text}. */
    public void await(String text, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (serial.indexOf(text) < 0) {
            if (System.nanoTime() > deadline || end.getCount() == 0 && serial.indexOf(text) < 0) {
                throw new AssertionError("no \"" + text + "\" on the serial line, which showed: " + serial);
            }
            LockSupport.parkNanos(50_000_000);
        }
    }

    public void type(String line) {
        board.typeOnSerial((line + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** Waits until the guest has switched itself off. */
    public boolean awaitEnd(Duration limit) throws InterruptedException {
        return end.await(limit.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        board.close();
    }
}
