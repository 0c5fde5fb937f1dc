// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.board.TwoCardMachine;
import java.nio.file.Path;
import java.time.Duration;
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
            "nsenter -t $! -n nc -l -p 99 > /tmp/q & sleep 1",
            "nc 10.0.0.2 99 < /tmp/p",
            "wait %2",
            "echo SENT $(md5sum < /tmp/p) GOT $(md5sum < /tmp/q)",
            "cat /proc/net/dev",
            "echo END-$((1))");

    @TempDir
    Path folder;

    @Test
    void pingsAndATcpStreamPass() throws Exception {
        try (TwoCardMachine machine = new TwoCardMachine(LinuxGuestTest.kernel("console=ttyS0 quiet"), 2, folder)) {
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
}
