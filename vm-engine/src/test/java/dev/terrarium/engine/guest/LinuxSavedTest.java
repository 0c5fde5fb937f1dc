// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageSource;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Debian as people have it (two processors, a qcow2 virtio disk, balloon, entropy, NAT) is saved while it computes and writes, and goes
 * on: the sums are right, the disk holds what was written, and every device works again.
 */
@Tag("guest-boot")
class LinuxSavedTest {
    private static final Duration BOOT = Duration.ofMinutes(4);

    @TempDir
    Path home;

    private static void type(ConsoleStream serial, String... commands) throws IOException {
        serial.output().write((String.join("; ", commands) + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void aMachineGoesOnWhereItWasSaved() throws Exception {
        Path image = home.resolve("disk.qcow2");
        DiskImages.create(new ImageSource(image, "qcow2", List.of()), OptionalLong.of(64 << 20), Map.of());
        DriveConfig disk = new DriveConfig(
                DriveConfig.Kind.DISK, image.toString(), DriveConfig.Format.QCOW2, DriveConfig.Bus.VIRTIO, false);
        NetworkConfig network = new NetworkConfig(NetworkConfig.Kind.NAT, null, true, List.of());
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                GuestRun run = GuestRun.debianWithNetwork(
                        home.resolve("home"), LinuxGuestTest.kernel("console=ttyS0 quiet"), List.of(disk), network)) {
            serve(server);
            String ask = "echo SERVER $(nc 10.0.2.2 " + server.getLocalPort() + ")";
            run.awaitSerial("# ", BOOT);
            try (ConsoleStream serial = run.machine().openSerial()) {
                type(
                        serial,
                        "for m in virtio_pci virtio_blk virtio_net virtio_rng virtio_balloon; do load $m; done",
                        "ip addr add 10.0.2.15/24 dev eth0",
                        "ip link set eth0 up",
                        ask,
                        "echo READY-$((1))");
                run.awaitSerial("READY-1", Duration.ofMinutes(2));
                assertThat(run.serial()).contains("SERVER hello");
                // Three jobs: sums of the same numbers again and again, the disk written with them, and ticks in
                // between.
                type(
                        serial,
                        "(for i in $(seq 12); do seq 1 20000 | md5sum; done | sort -u > /tmp/sums; echo SUMS-$((2))) & true",
                        "(seq 1 1000000 | head -c 4000000 > /dev/vda; sync; echo WRITTEN-$((3))) & true",
                        "for i in $(seq 1000); do echo tick $i; sleep 0.2; [ -e /tmp/stop ] && break; done & true",
                        "echo STARTED-$((4))");
                run.awaitSerial("tick 2", Duration.ofMinutes(1));
            }
            assertThat(run.serial())
                    .as("saved too late")
                    .doesNotContain("SUMS-2")
                    .doesNotContain("WRITTEN-3");
            run.saveAndRestore();
            run.awaitSerial("SUMS-2", Duration.ofMinutes(2));
            run.awaitSerial("WRITTEN-3", Duration.ofMinutes(2));
            try (ConsoleStream serial = run.machine().openSerial()) {
                type(
                        serial,
                        "touch /tmp/stop",
                        "echo 3 > /proc/sys/vm/drop_caches",
                        "echo ALIKE $(wc -l < /tmp/sums)",
                        "echo DISK $(head -c 4000000 /dev/vda | md5sum) $(seq 1 1000000 | head -c 4000000 | md5sum)",
                        "ping -c 2 10.0.2.2",
                        ask,
                        "echo RANDOM $(head -c 16 /dev/hwrng | wc -c)",
                        "echo END-$((5))");
                run.awaitSerial("END-5", Duration.ofMinutes(3));
                assertThat(run.serial())
                        .contains("ALIKE 1\r\n")
                        .containsPattern("DISK (\\p{XDigit}{32}) +- \\1")
                        .contains("2 packets transmitted, 2 packets received")
                        .contains("RANDOM 16");
                assertThat(run.serial().split("SERVER hello", -1))
                        .as("answers of the server")
                        .hasSize(3);
                type(serial, "poweroff -f");
            }
            assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
        }
        Process check = new ProcessBuilder("qemu-img", "check", image.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .contains("No errors were found");
    }

    private static void serve(ServerSocket server) {
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept();
                        OutputStream out = socket.getOutputStream()) {
                    out.write("hello\n".getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                    // The test is over, or the guest went away.
                }
            }
        });
    }
}
