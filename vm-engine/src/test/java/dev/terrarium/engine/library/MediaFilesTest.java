// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.MediaInfo;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.ImageFormats;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MediaFilesTest {
    @TempDir
    Path folder;

    private Path file(String name, byte[] content) throws Exception {
        return Files.write(folder.resolve(name), content);
    }

    @Test
    void whatIsNoFileIsRefusedWithoutReadingIt() {
        assertThatThrownBy(() -> MediaFiles.inspect(folder.resolve("none.iso"))).hasMessageContaining("not exist");
        assertThatThrownBy(() -> MediaFiles.inspect(folder)).hasMessageContaining("folder");
        assertThatThrownBy(() -> MediaFiles.inspect(Path.of("/dev/zero"))).hasMessageContaining("regular file");
    }

    @Test
    void anIsoThatIsNoneSaysSo() throws Exception {
        Path file = file("x.iso", new byte[1 << 20]);
        assertThatThrownBy(() -> MediaFiles.inspect(file)).hasMessageContaining("not a CD image");
    }

    @Test
    void emptyAndOddFilesAreRefused() throws Exception {
        Path empty = file("empty.img", new byte[0]);
        assertThatThrownBy(() -> MediaFiles.inspect(empty)).hasMessageContaining("is empty");
        Path text = file("notes.txt", "hello".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> MediaFiles.inspect(text)).hasMessageContaining("neither");
    }

    @Test
    void damagedDisksOfKnownFormatsAreRefused() throws Exception {
        Path vhdx = file("d.vhdx", java.util.Arrays.copyOf("vhdxfile".getBytes(StandardCharsets.US_ASCII), 4096));
        assertThatThrownBy(() -> MediaFiles.inspect(vhdx)).hasMessageContaining("d.vhdx");
        Path vmdk = file("d.vmdk", java.util.Arrays.copyOf("KDMV".getBytes(StandardCharsets.US_ASCII), 4096));
        assertThatThrownBy(() -> MediaFiles.inspect(vmdk)).hasMessageContaining("d.vmdk");
    }

    @Test
    void disksOfOtherFormatsAreRecognised() throws Exception {
        for (String name : new String[] {"qcow2", "vmdk", "vdi", "vpc", "vhdx"}) {
            Path path = folder.resolve("made." + name);
            ImageFormats.create(path, name, 8 << 20, Map.of(), AllowedFolders.own());
            assertThat(MediaFiles.inspect(path).title()).isEqualTo(name + " disk image");
        }
    }

    @Test
    void disksAndKernelsAreRecognised() throws Exception {
        byte[] disk = new byte[1024];
        assertThat(MediaFiles.inspect(file("d.img", disk)).bootable()).isFalse();
        disk[510] = 0x55;
        disk[511] = (byte) 0xAA;
        assertThat(MediaFiles.inspect(file("b.img", disk)))
                .isEqualTo(new MediaInfo(MediaInfo.Kind.DISK_IMAGE, "Disk image", "other", true, 1024));
        ByteBuffer kernel = ByteBuffer.allocate(700).order(ByteOrder.LITTLE_ENDIAN);
        kernel.putInt(0x202, 0x5372_6448);
        assertThat(MediaFiles.inspect(file("vmlinuz", kernel.array())).kind()).isEqualTo(MediaInfo.Kind.LINUX_KERNEL);
        ByteBuffer multiboot = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        multiboot.putInt(52, 0x1BAD_B002).putInt(60, -0x1BAD_B002);
        assertThat(MediaFiles.inspect(file("kernel", multiboot.array())).kind())
                .isEqualTo(MediaInfo.Kind.MULTIBOOT_KERNEL);
    }

    @Test
    void randomContentIsAnsweredOrRefusedInOneLine() throws Exception {
        long seed = Long.getLong("seed", 20261120);
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            byte[] content = new byte[random.nextInt(70_000)];
            random.nextBytes(content);
            if (content.length > 32_774 && random.nextBoolean()) {
                System.arraycopy("\001CD001\001".getBytes(StandardCharsets.ISO_8859_1), 0, content, 32_768, 7);
            }
            Path file = file("random", content);
            try {
                assertThat(MediaFiles.inspect(file).bytes()).as("seed %d", seed).isEqualTo(content.length);
            } catch (TerrariumException e) {
                assertThat(e.getMessage()).as("seed %d", seed).doesNotContain("\n");
            }
        }
    }
}
