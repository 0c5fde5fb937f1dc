// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.net.UserNetworkSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A Linux machine with network cards whose cables the test has laid. */
public final class NetworkMachine implements AutoCloseable {
    private final StringBuffer serial = new StringBuffer();
    private final CountDownLatch end = new CountDownLatch(1);
    private final Board board;
    private final CrossedCable cable;

    /** @param folder for the log */
    private NetworkMachine(
            KernelBoot kernel, int vcpus, List<NetworkConfig> cards, CrossedCable cable, Networks networks, Path folder)
            throws Exception {
        this.cable = cable;
        MachineConfig config = new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                "network",
                "other",
                256,
                vcpus,
                vcpus,
                MachineConfig.Accelerator.SOFTWARE,
                List.of(),
                List.of(),
                kernel,
                cards,
                null,
                null);
        board = Board.build(config, networks, folder.resolve("log"), new Events());
        board.powerOn();
    }

    private static NetworkConfig card(NetworkConfig.Kind kind, int number) {
        return new NetworkConfig(kind, "52:54:00:00:00:0" + number);
    }

    /** One with two cards and a crossed cable between them. */
    public static NetworkMachine withCrossedCable(KernelBoot kernel, int vcpus, Path folder) throws Exception {
        List<NetworkConfig> cards =
                List.of(card(NetworkConfig.Kind.UNPLUGGED, 1), card(NetworkConfig.Kind.UNPLUGGED, 2));
        CrossedCable cable = new CrossedCable();
        return new NetworkMachine(
                kernel,
                vcpus,
                cards,
                cable,
                (card, machine) -> Optional.of(new Networks.Cable(
                        card == cards.getFirst() ? cable.first() : cable.second(),
                        () -> MachineStatistics.Network.NONE,
                        () -> {})),
                folder);
    }

    /** One with a network of its own in which the gateway leads to this host. */
    public static NetworkMachine withGatewayToHost(KernelBoot kernel, int vcpus, Path folder) throws Exception {
        return new NetworkMachine(
                kernel,
                vcpus,
                List.of(card(NetworkConfig.Kind.NAT, 1)),
                new CrossedCable(),
                (card, machine) -> Optional.of(Networks.nat(machine, new UserNetworkSettings(true, List.of()))),
                folder);
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
