// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.config.MachineConfig.PortForward;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debian's virtio_net on a NAT network: an address by DHCP, streams both ways, one of them across a pause, a forwarded port. */
@Tag("guest-boot")
class NatGuestTest {
    private static final Duration BOOT = Duration.ofMinutes(4);
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final int BYTES = 24 << 20;

    @TempDir
    Path home;

    private static String md5(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
    }

    private static void type(OutputStream serial, String... commands) throws IOException {
        serial.write((String.join("; ", commands) + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void aGuestReachesServersAndIsReached() throws Exception {
        byte[] down = new byte[BYTES];
        new Random(3).nextBytes(down);
        CompletableFuture<byte[]> up = new CompletableFuture<>();
        try (ServerSocket source = new ServerSocket(0, 5, LOOPBACK);
                ServerSocket sink = new ServerSocket(0, 5, LOOPBACK)) {
            serve(source, socket -> socket.getOutputStream().write(down));
            serve(sink, socket -> up.complete(socket.getInputStream().readAllBytes()));
            int port;
            try (ServerSocket free = new ServerSocket(0, 1, LOOPBACK)) {
                port = free.getLocalPort();
            }
            NetworkConfig network = new NetworkConfig(
                    NetworkConfig.Kind.NAT,
                    null,
                    true,
                    List.of(new PortForward(PortForward.Protocol.TCP, "127.0.0.1", port, 7000)));
            try (GuestRun run = GuestRun.fromKernel(
                            home, LinuxGuestTest.kernel("console=ttyS0 quiet"), 512, 2, List.of(network));
                    ConsoleStream console = run.machine().openSerial()) {
                run.awaitSerial("# ", BOOT);
                OutputStream serial = console.output();
                type(serial, "load virtio_pci", "load virtio_net", "ip link set eth0 up");
                type(
                        serial,
                        "(echo '#!/bin/sh'; echo '[ $1 = bound ] && ip addr add $ip/24 dev eth0 &&"
                                + " ip route add default via $router && echo GOT $ip $dns') > /tmp/given",
                        "chmod +x /tmp/given",
                        "udhcpc -i eth0 -n -q -s /tmp/given",
                        "ping -c 2 10.0.2.2",
                        "echo ADDRESS-$((1))");
                run.awaitSerial("ADDRESS-1", Duration.ofMinutes(1));
                assertThat(run.serial())
                        .contains("GOT 10.0.2.15 10.0.2.3")
                        .contains("2 packets transmitted, 2 packets received, 0% packet loss");

                type(serial, "echo DOWN $(nc 10.0.2.2 " + source.getLocalPort() + " | md5sum)");
                run.await("bytes", Duration.ofMinutes(1), () -> received(run) > BYTES / 4);
                run.machine().pause();
                long before = received(run);
                TimeUnit.MILLISECONDS.sleep(500);
                assertThat(received(run) - before)
                        .as("frames for a machine that stands still")
                        .isLessThan(2 << 20);
                run.machine().resume();
                run.awaitSerial("DOWN " + md5(down), Duration.ofMinutes(2));

                type(
                        serial,
                        "seq 1 300000 > /tmp/p",
                        "nc 10.0.2.2 " + sink.getLocalPort() + " < /tmp/p",
                        "echo UP $(md5sum < /tmp/p)");
                byte[] uploaded = up.get(120, TimeUnit.SECONDS);
                run.awaitSerial("UP " + md5(uploaded), Duration.ofMinutes(1));
                assertThat(uploaded).hasSizeGreaterThan(1 << 20);

                type(serial, "echo LISTENING-$((2)); echo forwarded | nc -l -p 7000");
                run.awaitSerial("LISTENING-2", Duration.ofMinutes(1));
                assertThat(ask(port)).isEqualTo("forwarded\n");

                MachineStatistics.Network figures = run.machine().statistics().network();
                assertThat(figures.guestAddress()).isEqualTo("10.0.2.15");
                assertThat(figures.receivedBytes()).isGreaterThan(BYTES);
                type(serial, "poweroff -f");
                assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
            }
        }
    }

    private static long received(GuestRun run) {
        return run.machine().statistics().network().receivedBytes();
    }

    /** What the guest says on a forwarded port; it may take a moment to listen. */
    private static String ask(int port) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            try (Socket socket = new Socket(LOOPBACK, port)) {
                socket.shutdownOutput();
                String said = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                if (!said.isEmpty() || System.nanoTime() > deadline) {
                    return said;
                }
            } catch (IOException e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    private interface Service {
        void serve(Socket socket) throws IOException;
    }

    private static void serve(ServerSocket server, Service service) {
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    service.serve(socket);
                } catch (IOException e) {
                    // The test is over, or the guest went away.
                }
            }
        });
    }
}
