// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.Extent;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.Qemu;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Linux's ata_piix driver with a disk (raw, qcow2) and a CD: what guest and host see of them is the same. */
@Tag("guest-boot")
class LinuxDrivesTest {
    private static final int SECTORS = 131_072;
    private static final int LINES = 100_000;

    @TempDir
    Path home;

    @TempDir
    Path folder;

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @ParameterizedTest
    @EnumSource(
            value = DriveConfig.Format.class,
            names = {"RAW", "QCOW2"})
    void diskAndCdHoldWhatWasWritten(DriveConfig.Format format) throws Exception {
        Path image = folder.resolve("disk");
        ImageFormats.create(image, format.imageFormat(), SECTORS * 512L, Map.of(), AllowedFolders.own());
        DriveConfig disk = new DriveConfig(DriveConfig.Kind.DISK, image.toString(), format, DriveConfig.Bus.IDE, false);
        Path iso = TestGuests.memtest();
        byte[] pattern = IntStream.rangeClosed(1, LINES)
                .mapToObj(i -> i + "\n")
                .collect(Collectors.joining())
                .getBytes(StandardCharsets.US_ASCII);
        String command = String.join(
                ";",
                "load sd_mod",
                "load sr_mod",
                "load ata_piix",
                "until [ -b /dev/sda ] && [ -b /dev/sr0 ]",
                "do sleep 1",
                "done",
                "seq 1 " + LINES + " > /tmp/p",
                "dd if=/tmp/p of=/dev/sda bs=64k conv=notrunc,fsync",
                "echo the-last-sector | dd of=/dev/sda bs=512 seek=" + (SECTORS - 1) + " conv=notrunc,fsync",
                "echo 3 > /proc/sys/vm/drop_caches",
                "echo DISK $(head -c " + pattern.length + " /dev/sda | sha256sum)",
                "dd if=/dev/zero of=/dev/sda bs=1M seek=32 count=16 conv=notrunc,fsync",
                "echo DISCARDS $(cat /sys/block/sda/queue/discard_max_bytes)",
                "blkdiscard -o 33554432 -l 16777216 /dev/sda && echo TRIMMED",
                "echo SIZE $(cat /sys/block/sda/size)",
                "echo CD $(head -c " + Files.size(iso) + " /dev/sr0 | sha256sum)");
        TestGuests.linux();
        KernelBoot kernel = LinuxGuestTest.kernel("console=ttyS0 quiet run=" + command.replace(' ', '+'));
        try (GuestRun run = GuestRun.fromKernel(home, kernel, 512, List.of(disk, GuestRun.cd(iso)))) {
            run.awaitSerial("GUEST-DONE 0", Duration.ofMinutes(6));
            assertThat(run.serial())
                    .contains("DISK " + sha256(pattern))
                    .contains("SIZE " + SECTORS)
                    .contains("DISCARDS 2147")
                    .contains("TRIMMED")
                    .contains("CD " + sha256(Files.readAllBytes(iso)));
            assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
        }
        if (format == DriveConfig.Format.QCOW2) {
            Qemu.check(image, "qcow2");
        }
        byte[] written = new byte[SECTORS * 512];
        try (DiskImage after = ImageFormats.open(image, format.imageFormat(), true, AllowedFolders.own())) {
            assertThat(after.size()).isEqualTo(written.length);
            after.read(ByteBuffer.wrap(written), 0);
            Extent trimmed = after.extentAt(32 << 20, 16 << 20);
            assertThat(trimmed.zero() && trimmed.length() == 16 << 20)
                    .as("the host has the room of %s back", trimmed)
                    .isTrue();
        }
        assertThat(Arrays.equals(written, 0, pattern.length, pattern, 0, pattern.length))
                .isTrue();
        assertThat(new String(written, (SECTORS - 1) * 512, 16, StandardCharsets.US_ASCII))
                .isEqualTo("the-last-sector\n");
    }
}
