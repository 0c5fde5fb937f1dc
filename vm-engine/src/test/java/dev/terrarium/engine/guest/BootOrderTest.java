// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What SeaBIOS starts when there are a disk and a CD. Who was started tells it by the debug exit port's status. */
@Tag("guest-boot")
class BootOrderTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final List<BootDevice> DISK_FIRST = List.of(BootDevice.DISK, BootDevice.CDROM);
    private static final List<BootDevice> CD_FIRST = List.of(BootDevice.CDROM, BootDevice.DISK);

    private static final int BLOCK = 2048;
    private static final int SECTOR = 512;
    private static final int LOADED_AT = 0x7C00;

    private static final MachineEnd FROM_CD = new MachineEnd.DebugExit(0x10 << 1 | 1);
    private static final MachineEnd FROM_DISK = new MachineEnd.DebugExit(0x20 << 1 | 1);

    @TempDir
    Path home;

    @TempDir
    Path folder;

    /** mov al, value; out 0xF4, al; hlt. */
    private static byte[] tells(int value) {
        return new byte[] {(byte) 0xB0, (byte) value, (byte) 0xE6, (byte) 0xF4, (byte) 0xF4};
    }

    /** Writes the sector after it to the first disk (INT 13h, function 3), and resets the machine (port 64h). */
    private static byte[] installs(byte[] sector) {
        int[] code = {
            0x31,
            0xC0, // xor ax, ax
            0x8E,
            0xD8, // mov ds, ax
            0x8E,
            0xC0, // mov es, ax
            0xB8,
            0x01,
            0x03, // mov ax, 0x0301
            0xB9,
            0x01,
            0x00, // mov cx, 1
            0xBA,
            0x80,
            0x00, // mov dx, 0x80
            0xBB,
            0x00,
            LOADED_AT + SECTOR >> 8, // mov bx, 0x7E00
            0xCD,
            0x13, // int 0x13
            0x72,
            0x06, // jc failed
            0xB0,
            0xFE, // mov al, 0xFE
            0xE6,
            0x64, // out 0x64, al
            0xEB,
            0xFE, // jmp $
            0xB0,
            0x7F, // failed: mov al, 0x7F
            0xE6,
            0xF4, // out 0xF4, al
        };
        ByteBuffer image = ByteBuffer.allocate(BLOCK);
        Arrays.stream(code).forEach(each -> image.put((byte) each));
        return image.put(SECTOR, sector).array();
    }

    private static byte[] bootSector(byte[] code) {
        byte[] sector = Arrays.copyOf(code, SECTOR);
        sector[510] = 0x55;
        sector[511] = (byte) 0xAA;
        return sector;
    }

    private Path disk(byte[] firstSector) throws IOException {
        return Files.write(folder.resolve("disk.img"), Arrays.copyOf(firstSector, 1 << 20));
    }

    /** A CD (ECMA-119) that starts {@code code} without emulation (El Torito 1.0, section 2). */
    private Path cd(byte[] code) throws IOException {
        ByteBuffer image = ByteBuffer.allocate(21 * BLOCK).order(ByteOrder.LITTLE_ENDIAN);
        descriptor(image, 16, 1);
        descriptor(image, 17, 0);
        image.put(17 * BLOCK + 7, "EL TORITO SPECIFICATION".getBytes(StandardCharsets.US_ASCII));
        image.putInt(17 * BLOCK + 0x47, 19);
        descriptor(image, 18, 255);
        image.put(19 * BLOCK, (byte) 1);
        image.putShort(19 * BLOCK + 28, (short) (0x10000 - 0xAA55 - 1));
        image.putShort(19 * BLOCK + 30, (short) 0xAA55);
        image.put(19 * BLOCK + 32, (byte) 0x88);
        image.putShort(19 * BLOCK + 38, (short) (BLOCK / SECTOR));
        image.putInt(19 * BLOCK + 40, 20);
        image.put(20 * BLOCK, code);
        return Files.write(folder.resolve("cd.iso"), image.array());
    }

    private static void descriptor(ByteBuffer image, int block, int type) {
        image.put(block * BLOCK, (byte) type);
        image.put(block * BLOCK + 1, "CD001\u0001".getBytes(StandardCharsets.US_ASCII));
    }

    private MachineEnd boot(List<BootDevice> order, Path disk, Path cd) throws Exception {
        try (GuestRun run = GuestRun.fromDrives(home, order, List.of(GuestRun.disk(disk), GuestRun.cd(cd)))) {
            assertThat(run.machine().statistics().screenWidth())
                    .as("screen, without a look at it")
                    .isPositive();
            return run.awaitEnd(LIMIT);
        }
    }

    @Test
    void anInstalledDiskIsBootedAlthoughTheCdIsIn() throws Exception {
        assertThat(boot(DISK_FIRST, disk(bootSector(tells(0x20))), cd(tells(0x10))))
                .isEqualTo(FROM_DISK);
    }

    @Test
    void theCdComesFirstIfThePersonSaysSo() throws Exception {
        assertThat(boot(CD_FIRST, disk(bootSector(tells(0x20))), cd(tells(0x10))))
                .isEqualTo(FROM_CD);
    }

    @Test
    void aBlankDiskIsPassedOver() throws Exception {
        assertThat(boot(DISK_FIRST, disk(new byte[SECTOR]), cd(tells(0x10)))).isEqualTo(FROM_CD);
    }

    /** As a GUID partition table's protective record: a signature, a partition, and no code that could run. */
    private static byte[] partitioned() {
        byte[] sector = bootSector(new byte[0]);
        sector[440] = 0x12;
        sector[446 + 4] = (byte) 0xEE;
        return sector;
    }

    @Test
    void aPartitionedDiskWithoutABootLoaderIsPassedOver() throws Exception {
        assertThat(boot(DISK_FIRST, disk(partitioned()), cd(tells(0x10)))).isEqualTo(FROM_CD);
    }

    @Test
    void anInstallationEndsOnTheInstalledDisk() throws Exception {
        byte[] installed = bootSector(tells(0x20));
        assertThat(boot(DISK_FIRST, disk(partitioned()), cd(installs(installed))))
                .isEqualTo(FROM_DISK);
    }
}
