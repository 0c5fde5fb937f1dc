// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.Qemu;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debian's own virtio drivers on Terrarium's devices: boot from a disk, writes, checksums, discard, random bytes, MSI-X. */
@Tag("guest-boot")
class LinuxVirtioTest {
    private static final Duration BOOT = Duration.ofMinutes(4);
    private static final int SECTORS = 131_072;
    private static final int LINES = 100_000;

    @TempDir
    Path home;

    @TempDir
    Path folder;

    private static DriveConfig disk(Path image, DriveConfig.Format format, boolean readOnly) {
        return new DriveConfig(DriveConfig.Kind.DISK, image.toString(), format, DriveConfig.Bus.VIRTIO, readOnly);
    }

    private DriveConfig emptyDisk() throws Exception {
        Path image = folder.resolve("disk.qcow2");
        ImageFormats.create(image, "qcow2", SECTORS * 512L, Map.of(), AllowedFolders.own());
        return disk(image, DriveConfig.Format.QCOW2, false);
    }

    private static byte[] pattern() {
        return IntStream.rangeClosed(1, LINES)
                .mapToObj(i -> i + "\n")
                .collect(Collectors.joining())
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    /** What is done to a disk; its 8th MiB is written and then discarded. */
    private static String work(String disk) {
        return String.join(
                "; ",
                "seq 1 " + LINES + " > /tmp/p",
                "dd if=/tmp/p of=/dev/" + disk + " bs=64k conv=notrunc,fsync",
                "dd if=/dev/urandom of=/dev/" + disk + " bs=1M seek=8 count=1 conv=notrunc,fsync",
                "blkdiscard -o 8388608 -l 1048576 /dev/" + disk,
                "echo the-last-sector | dd of=/dev/" + disk + " bs=512 seek=" + (SECTORS - 1) + " conv=notrunc,fsync",
                "echo 3 > /proc/sys/vm/drop_caches",
                "echo DISK $(head -c " + pattern().length + " /dev/" + disk + " | sha256sum)",
                "echo SIZE $(cat /sys/block/" + disk + "/size) SERIAL $(cat /sys/block/" + disk + "/serial)",
                "echo QUEUES $(ls /sys/block/" + disk + "/mq | wc -l)",
                "echo RNG $(cat /sys/class/misc/hw_random/rng_current) $(head -c 64 /dev/hwrng | wc -c)",
                "grep virtio /proc/interrupts");
    }

    private void check(GuestRun run, Path image) throws Exception {
        byte[] pattern = pattern();
        assertThat(run.serial())
                .contains("DISK " + sha256(pattern))
                .contains("SIZE " + SECTORS + " SERIAL TRV")
                .contains("RNG virtio_rng.0 64")
                .containsPattern("PCI-MSI.*virtio.-req\\.0");
        Qemu.check(image, "qcow2");
        byte[] written = new byte[SECTORS * 512];
        try (DiskImage after = ImageFormats.open(image, "qcow2", true, AllowedFolders.own())) {
            after.read(ByteBuffer.wrap(written), 0);
        }
        assertThat(Arrays.equals(written, 0, pattern.length, pattern, 0, pattern.length))
                .isTrue();
        assertThat(Arrays.copyOfRange(written, 8 << 20, 9 << 20)).containsOnly(0);
        assertThat(new String(written, (SECTORS - 1) * 512, 16, StandardCharsets.US_ASCII))
                .isEqualTo("the-last-sector\n");
    }

    /** SeaBIOS and GRUB read a virtio disk; Linux works with a second one, with a queue for each of two processors. */
    @Test
    void bootsFromAVirtioDiskAndWorksWithTwoProcessors() throws Exception {
        DriveConfig second = emptyDisk();
        DriveConfig first = disk(TestGuests.grub(), DriveConfig.Format.RAW, true);
        ScreenText reader = new ScreenText();
        try (GuestRun run = GuestRun.debian(home, null, List.of(first, second), 2)) {
            run.awaitScreen("GRUB's menu", Duration.ofMinutes(2), screen -> reader.read(screen)
                    .contains("*Halt the machine"));
            run.machine().sendKeys("down");
            run.machine().sendKeys("enter");
            run.awaitSerial("GUEST-UP", BOOT);
            run.awaitSerial("# ", Duration.ofMinutes(1));
            try (ConsoleStream serial = run.machine().openSerial()) {
                String commands =
                        "load virtio_pci; load virtio_blk; load virtio_rng; " + work("vdb") + "; echo END-$((1))\n";
                serial.output().write(commands.getBytes(StandardCharsets.US_ASCII));
                run.awaitSerial("END-1", Duration.ofMinutes(2));
                assertThat(run.serial()).contains("QUEUES 2");
                serial.output().write("poweroff -f\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
            }
            check(run, Path.of(second.path()));
        }
    }

    @Test
    void diskHoldsWhatWasWrittenWithOneProcessor() throws Exception {
        DriveConfig disk = emptyDisk();
        String commands = "load virtio_pci; load virtio_blk; load virtio_rng; " + work("vda");
        KernelBoot kernel = LinuxGuestTest.kernel("console=ttyS0 quiet run=" + commands.replace(' ', '+'));
        try (GuestRun run = GuestRun.debian(home, kernel, List.of(disk), 1)) {
            run.awaitSerial("GUEST-DONE 0", BOOT);
            assertThat(run.serial()).contains("QUEUES 1");
            assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
            check(run, Path.of(disk.path()));
        }
    }
}
