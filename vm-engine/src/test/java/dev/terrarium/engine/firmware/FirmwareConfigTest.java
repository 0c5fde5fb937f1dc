// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.RegisterWindow;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FirmwareConfigTest {
    private final byte[] ram = new byte[0x10000];

    private final DeviceMemory memory = new DeviceMemory() {
        @Override
        public void read(long physical, byte[] target, int offset, int length) {
            for (int i = 0; i < length; i++) {
                boolean inside = physical + i >= 0 && physical + i < ram.length;
                target[offset + i] = inside ? ram[(int) physical + i] : (byte) 0xFF;
            }
        }

        @Override
        public void write(long physical, byte[] source, int offset, int length) {
            for (int i = 0; i < length; i++) {
                if (physical + i >= 0 && physical + i < ram.length) {
                    ram[(int) physical + i] = source[offset + i];
                }
            }
        }

        @Override
        public int readInt(long physical) {
            throw new AssertionError("not used");
        }

        @Override
        public void writeInt(long physical, int value) {
            byte[] word = {(byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)};
            write(physical, word, 0, 4);
        }
    };

    private final FirmwareConfig config = new FirmwareConfig("fw_cfg", memory, ram.length);
    private final RegisterWindow ports = config.ports();

    private byte[] readItem(int key, int length) {
        ports.write(0, 2, key);
        byte[] data = new byte[length];
        for (int i = 0; i < length; i++) {
            data[i] = (byte) ports.read(1, 1);
        }
        return data;
    }

    private int dma(int control, int length, long address) {
        ByteBuffer.wrap(ram).putInt(0x100, control).putInt(0x104, length).putLong(0x108, address);
        ports.write(4, 4, 0);
        ports.write(8, 4, Integer.reverseBytes(0x100) & 0xFFFF_FFFFL);
        return ByteBuffer.wrap(ram).getInt(0x100);
    }

    @Test
    void theSignatureAndIdAreThere() {
        config.reset();
        assertThat(new String(readItem(0, 4), StandardCharsets.US_ASCII)).isEqualTo("QEMU");
        assertThat(readItem(1, 5)).containsExactly(3, 0, 0, 0, 0);
        assertThat(ports.read(4, 4)).isEqualTo(0x554D4551L);
        assertThat(ports.read(8, 4)).isEqualTo(0x47464320L);
        assertThat(readItem(0x7777, 2)).containsExactly(0, 0);
    }

    @Test
    void theDirectoryNamesTheFiles() {
        config.addFile("etc/one", new byte[] {1, 2, 3});
        config.addFile("etc/two", new byte[] {4});
        config.addFile("etc/one", new byte[] {5, 6});
        ByteBuffer directory = ByteBuffer.wrap(readItem(0x19, 4 + 128));
        assertThat(directory.getInt()).isEqualTo(2);
        assertThat(directory.getInt()).isEqualTo(2);
        assertThat(directory.getShort()).isEqualTo((short) 0x20);
        assertThat(new String(directory.array(), 12, 7, StandardCharsets.US_ASCII))
                .isEqualTo("etc/one");
        assertThat(readItem(0x20, 3)).containsExactly(5, 6, 0);
    }

    @Test
    void dmaSelectsSkipsAndReads() {
        byte[] content = new byte[1000];
        new Random(5).nextBytes(content);
        config.addFile("data", content);
        assertThat(dma(0x20 << 16 | 8 | 4, 10, 0)).isZero();
        assertThat(dma(2, 500, 0x1000)).isZero();
        assertThat(Arrays.copyOfRange(ram, 0x1000, 0x1000 + 500)).isEqualTo(Arrays.copyOfRange(content, 10, 510));
        Arrays.fill(ram, 0x2000, 0x2400, (byte) 7);
        assertThat(dma(2, 600, 0x2000)).isZero();
        assertThat(Arrays.copyOfRange(ram, 0x2000, 0x2000 + 490)).isEqualTo(Arrays.copyOfRange(content, 510, 1000));
        assertThat(ram[0x2000 + 599]).isZero();
        assertThat(ram[0x2000 + 600]).isEqualTo((byte) 7);
        assertThat(dma(0x10, 4, 0x2000)).isEqualTo(1);
    }

    @Test
    void dmaToNowhereEnds() {
        assertThat(dma(2, -1, 0x7FFF_FFFF_FFFF_0000L)).isZero();
        dma(2, -1, -8);
        ports.write(8, 4, 0xFFFF_FFFFL);
        ports.write(4, 8, -1L);
    }

    @Test
    void readingGoesOnAfterRestore() {
        config.addFile("data", new byte[] {1, 2, 3});
        readItem(0x20, 1);
        FirmwareConfig.State state = config.save();
        config.reset();
        assertThat(ports.read(1, 1)).isZero();
        config.restore(state);
        assertThat(config.save()).isEqualTo(state);
        assertThat(ports.read(1, 1)).isEqualTo(2);
    }
}
