// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Linux's ata_piix driver with a raw disk and a CD: what guest and host see of them is the same. */
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

    private static Path image(Path file) throws IOException {
        try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
            image.setLength(SECTORS * 512L);
        }
        return file;
    }

    @Test
    void diskAndCdHoldWhatWasWritten() throws Exception {
        Path image = image(folder.resolve("disk.img"));
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
                "echo SIZE $(cat /sys/block/sda/size)",
                "echo CD $(head -c " + Files.size(iso) + " /dev/sr0 | sha256sum)");
        TestGuests.linux();
        KernelBoot kernel = LinuxGuestTest.kernel("console=ttyS0 quiet run=" + command.replace(' ', '+'));
        try (GuestRun run = GuestRun.fromKernel(home, kernel, 512, List.of(GuestRun.disk(image), GuestRun.cd(iso)))) {
            run.awaitSerial("GUEST-DONE 0", Duration.ofMinutes(6));
            assertThat(run.serial())
                    .contains("DISK " + sha256(pattern))
                    .contains("SIZE " + SECTORS)
                    .contains("CD " + sha256(Files.readAllBytes(iso)));
            assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
        }
        byte[] written = Files.readAllBytes(image);
        assertThat(written).hasSize(SECTORS * 512);
        assertThat(Arrays.equals(written, 0, pattern.length, pattern, 0, pattern.length))
                .isTrue();
        assertThat(new String(written, (SECTORS - 1) * 512, 16, StandardCharsets.US_ASCII))
                .isEqualTo("the-last-sector\n");
    }
}
