// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.board.NetworkMachine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Debian's virtio_net with two cards, each in a network namespace of its own: pings and a TCP stream pass from one to the other, with
 * checksums and segments left undone on the way.
 */
@Tag("guest-boot")
class LinuxNetworkTest {
    private static final Duration BOOT = Duration.ofMinutes(4);
    private static final String COMMANDS = String.join(
            "; ",
            "load virtio_pci",
            "load virtio_net",
            "ip link set lo up",
            "unshare -n sleep 1000 & sleep 1",
            "ip link set eth1 netns $!",
            "ip addr add 10.0.0.1/24 dev eth0",
            "ip link set eth0 up",
            "nsenter -t $! -n ip addr add 10.0.0.2/24 dev eth1",
            "nsenter -t $! -n ip link set eth1 up",
            "echo MAC $(cat /sys/class/net/eth0/address) CARRIER $(cat /sys/class/net/eth0/carrier)",
            "ping -c 3 -i 0.2 10.0.0.2",
            "ping -c 2 -s 4000 -i 0.2 10.0.0.2",
            "seq 1 300000 > /tmp/p",
            // A reader that takes its time makes the sender's backlog grow, so that whole runs of segments go out at
            // once.
            "nsenter -t $! -n nc -l -p 99 | (sleep 2; cat) > /tmp/q & sleep 1",
            "nc 10.0.0.2 99 < /tmp/p",
            "wait %2",
            "echo SENT $(md5sum < /tmp/p) GOT $(md5sum < /tmp/q)",
            "cat /proc/net/dev",
            "echo END-$((1))");

    @TempDir
    Path folder;

    @Test
    void pingsAndATcpStreamPass() throws Exception {
        try (NetworkMachine machine =
                NetworkMachine.withCrossedCable(LinuxGuestTest.kernel("console=ttyS0 quiet"), 2, folder)) {
            machine.await("# ", BOOT);
            machine.type(COMMANDS);
            machine.await("END-1", Duration.ofMinutes(2));
            assertThat(machine.serial())
                    .contains("MAC 52:54:00:00:00:01 CARRIER 1")
                    .contains("3 packets transmitted, 3 packets received, 0% packet loss")
                    .contains("2 packets transmitted, 2 packets received, 0% packet loss")
                    .containsPattern("SENT (\\p{XDigit}{32}) - GOT \\1 ");
            assertThat(machine.largeFrames())
                    .as("segments left to the other end")
                    .isPositive();
            machine.type("poweroff -f");
            assertThat(machine.awaitEnd(Duration.ofMinutes(1))).isTrue();
        }
    }

    /** The guest asks the network for an address, and fetches and sends two megabytes over TCP through it. */
    @Test
    void theUserNetworkLeadsToServersOfThisHost() throws Exception {
        byte[] page = new byte[2_000_000];
        new Random(1).nextBytes(page);
        ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        CompletableFuture<String> sent = CompletableFuture.supplyAsync(() -> serve(server, page));
        String place = "http://10.0.2.2:" + server.getLocalPort() + "/";
        String commands = String.join(
                "; ",
                "load virtio_pci",
                "load virtio_net",
                "echo '#!/bin/sh' > /bin/dhcp",
                "echo 'ip addr add $ip/24 dev $interface' >> /bin/dhcp",
                "chmod +x /bin/dhcp",
                "ip link set eth0 up",
                "udhcpc -q -n -i eth0 -s /bin/dhcp",
                "ip addr show eth0",
                "seq 1 300000 > /tmp/p",
                "echo GOT $(wget -q -O - --post-file=/tmp/p " + place + " | md5sum)",
                "echo SENT $(md5sum < /tmp/p)",
                "echo END-$((1))");
        try (NetworkMachine machine =
                NetworkMachine.withGatewayToHost(LinuxGuestTest.kernel("console=ttyS0 quiet"), 1, folder)) {
            machine.await("# ", BOOT);
            machine.type(commands);
            machine.await("END-1", Duration.ofMinutes(2));
            assertThat(machine.serial()).contains("inet 10.0.2.15/24").contains("GOT " + md5(page) + " -");
            assertThat(machine.serial()).contains("SENT " + sent.get(10, TimeUnit.SECONDS) + " -");
            machine.type("poweroff -f");
            assertThat(machine.awaitEnd(Duration.ofMinutes(1))).isTrue();
        } finally {
            server.close();
        }
    }

    /** Answers one HTTP request with a page; returns the MD5 sum of what the request brought. */
    private static String serve(ServerSocket server, byte[] page) {
        try (Socket connection = server.accept()) {
            InputStream input = connection.getInputStream();
            ByteArrayOutputStream header = new ByteArrayOutputStream();
            while (!header.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
                header.write(input.read());
            }
            Matcher length =
                    Pattern.compile("Content-Length: (\\d+)").matcher(header.toString(StandardCharsets.US_ASCII));
            byte[] body = length.find() ? input.readNBytes(Integer.parseInt(length.group(1))) : new byte[0];
            String answer = "HTTP/1.0 200 OK\r\nContent-Length: " + page.length + "\r\n\r\n";
            connection.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
            connection.getOutputStream().write(page);
            return md5(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String md5(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
