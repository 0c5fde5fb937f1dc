// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.device.MemoryBus;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.ScreenSource.Frame;
import dev.terrarium.engine.device.ScreenSource.Size;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VgaTest {
    /** Mode 3 as the BIOS sets it: 80 by 25 characters of 9 by 16 dots. */
    private static final int[] TEXT_CRTC = {
        0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x28,
        0x1F, 0x96, 0xB9, 0xA3, 0xFF
    };

    private static final int[] MODE_13_CRTC = {
        0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0x41, 0, 0, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x28, 0x40,
        0x96, 0xB9, 0xA3, 0xFF
    };

    private static final int[] MODE_12_CRTC = {
        0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0x00, 0x40, 0, 0, 0, 0, 0, 0, 0xEA, 0x8C, 0xDF, 0x28, 0x00,
        0xE7, 0x04, 0xE3, 0xFF
    };

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment memory = arena.allocate(Vga.MEMORY_SIZE, 4096);
    private long now;
    private Optional<RegisterWindow> window = Optional.empty();
    private long directAddress;

    private final MemoryBus bus = new MemoryBus() {
        @Override
        public Mapping mapWindow(long base, long size, RegisterWindow mapped) {
            assertThat(base).isEqualTo(0xA0000);
            window = Optional.of(mapped);
            return () -> {};
        }

        @Override
        public Mapping mapDirect(long base, long size, long readAddress, long writeAddress) {
            assertThat(readAddress).isEqualTo(writeAddress);
            directAddress = readAddress;
            return () -> directAddress = 0;
        }
    };

    private final Clock clock = new Clock() {
        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public long wallTimeMillis() {
            return 0;
        }

        @Override
        public Timer timer(Runnable action) {
            throw new AssertionError("no timer needed");
        }
    };

    private final Vga vga = new Vga("vga", memory.address(), clock, bus);
    private final ByteRegisters ports = vga.colorPorts();
    private final RegisterWindow bochs = vga.bochsPorts();
    private final Frame frame = new Frame();

    VgaTest() {
        vga.reset();
    }

    @AfterEach
    void close() {
        arena.close();
    }

    private void out(int port, int value) {
        ports.write(port - 0x3C0, 1, value);
    }

    private int in(int port) {
        return (int) ports.read(port - 0x3C0, 1);
    }

    private void indexed(int port, int index, int value) {
        ports.write(port - 0x3C0, 2, index | value << 8);
    }

    private void poke(long offset, int value) {
        window.orElseThrow().write(offset, 1, value);
    }

    private int peek(long offset) {
        return (int) window.orElseThrow().read(offset, 1);
    }

    private void vbe(int register, int value) {
        bochs.write(0, 2, register);
        bochs.write(1, 2, value);
    }

    private void mode(int[] crtc, int memoryMode, int graphicsMode, int miscellaneous, int attributeMode) {
        out(0x3C2, 0x67);
        indexed(0x3C4, 1, attributeMode == 0x0C ? 0 : 1);
        indexed(0x3C4, 2, 0xF);
        indexed(0x3C4, 4, memoryMode);
        indexed(0x3D4, 0x11, 0);
        for (int i = 0; i < crtc.length; i++) {
            indexed(0x3D4, i, crtc[i]);
        }
        indexed(0x3CE, 5, graphicsMode);
        indexed(0x3CE, 6, miscellaneous);
        indexed(0x3CE, 7, 0xF);
        indexed(0x3CE, 8, 0xFF);
        in(0x3DA);
        for (int i = 0; i < 16; i++) {
            out(0x3C0, i);
            out(0x3C0, i);
        }
        out(0x3C0, 0x10);
        out(0x3C0, attributeMode);
        out(0x3C0, 0x12);
        out(0x3C0, 0xF);
        out(0x3C0, 0x13);
        out(0x3C0, 0);
        out(0x3C0, 0x20);
        out(0x3C6, 0xFF);
        out(0x3C8, 0);
        for (int i = 0; i < 256; i++) {
            out(0x3C9, i & 63);
            out(0x3C9, i >> 2 & 63);
            out(0x3C9, 63 - (i & 63));
        }
    }

    private static int color(int index) {
        return six(index & 63) << 16 | six(index >> 2 & 63) << 8 | six(63 - (index & 63));
    }

    private static int six(int value) {
        return value << 2 | value >> 4;
    }

    private int pixel(int x, int y) {
        return frame.pixels()[y * frame.width() + x];
    }

    private void textMode() {
        mode(TEXT_CRTC, 2, 0x10, 0x0E, 0x0C);
    }

    @Test
    void textIsDrawnWithTheFontInPlaneTwo() {
        mode(TEXT_CRTC, 6, 0x00, 0x04, 0x0C);
        indexed(0x3C4, 2, 4);
        poke('A' * 32 + 3, 0b1000_0001);
        poke(0xC4 * 32 + 3, 0b0000_0001);
        indexed(0x3C4, 2, 3);
        indexed(0x3C4, 4, 2);
        indexed(0x3CE, 5, 0x10);
        indexed(0x3CE, 6, 0x0E);
        poke(0x18000 + 2 * 81, 'A');
        poke(0x18000 + 2 * 81 + 1, 0x1E);
        poke(0x18000 + 2 * 82, 0xC4);
        poke(0x18000 + 2 * 82 + 1, 0x1E);
        assertThat(peek(0x18000 + 2 * 81)).isEqualTo('A');

        assertThat(vga.capture(frame)).isTrue();
        assertThat(frame.width()).isEqualTo(720);
        assertThat(frame.height()).isEqualTo(400);
        assertThat(pixel(9, 16 + 3)).isEqualTo(color(0xE));
        assertThat(pixel(10, 16 + 3)).isEqualTo(color(1));
        assertThat(pixel(16, 16 + 3)).isEqualTo(color(0xE));
        assertThat(pixel(17, 16 + 3)).isEqualTo(color(1));
        assertThat(pixel(18 + 7, 16 + 3)).isEqualTo(color(0xE));
        assertThat(pixel(18 + 8, 16 + 3)).isEqualTo(color(0xE));
        assertThat(vga.capture(frame)).isFalse();
    }

    @Test
    void theSizeIsKnownBeforeSomebodyLooks() {
        assertThat(vga.size()).isEqualTo(new Size(640, 480));
        textMode();
        assertThat(vga.size()).isEqualTo(new Size(720, 400));
        assertThat(vga.capture(frame)).isTrue();
        vbe(1, 1280);
        vbe(2, 800);
        vbe(3, 32);
        vbe(4, 0x41);
        assertThat(vga.size()).isEqualTo(new Size(1280, 800));
        memory.set(ValueLayout.JAVA_INT, 4, 0x123456);
        assertThat(vga.capture(frame)).isTrue();
        assertThat(frame.width()).isEqualTo(1280);
        assertThat(frame.pixels()[1]).isEqualTo(0x123456);
    }

    @Test
    void theCursorBlinksAndMoves() {
        textMode();
        poke(0x18001, 0x07);
        poke(0x18000 + 2 * 85 + 1, 0x07);
        vga.capture(frame);
        assertThat(pixel(0, 14)).isEqualTo(color(7));
        assertThat(pixel(0, 12)).isEqualTo(color(0));
        indexed(0x3D4, 0x0F, 85);
        assertThat(vga.capture(frame)).isTrue();
        assertThat(pixel(0, 14)).isEqualTo(color(0));
        assertThat(pixel(45, 16 + 14)).isEqualTo(color(7));
        now = 300_000_000L;
        assertThat(vga.capture(frame)).isTrue();
        assertThat(pixel(45, 16 + 14)).isEqualTo(color(0));
    }

    @Test
    void mode13IsLinearAndDoubled() {
        mode(MODE_13_CRTC, 0x0E, 0x40, 0x05, 0x41);
        assertThat(directAddress).isEqualTo(memory.address());
        poke(320 * 2 + 5, 77);
        assertThat(memory.get(ValueLayout.JAVA_BYTE, 645)).isEqualTo((byte) 77);
        vga.capture(frame);
        assertThat(frame.width()).isEqualTo(640);
        assertThat(frame.height()).isEqualTo(400);
        for (int dy = 0; dy < 2; dy++) {
            assertThat(pixel(10, 4 + dy)).isEqualTo(color(77));
            assertThat(pixel(11, 4 + dy)).isEqualTo(color(77));
        }
        assertThat(pixel(12, 4)).isEqualTo(color(0));
        indexed(0x3C4, 4, 6);
        assertThat(directAddress).isZero();
    }

    @Test
    void theScreenSplitsAtLineCompare() {
        mode(MODE_13_CRTC, 0x0E, 0x40, 0x05, 0x41);
        indexed(0x3D4, 0x0C, 0x40);
        indexed(0x3D4, 0x18, 99);
        indexed(0x3D4, 0x07, 0x0F);
        indexed(0x3D4, 0x09, 0x01);
        poke(0, 5);
        poke(0xFFFF, 1);
        memory.set(ValueLayout.JAVA_BYTE, 0x10000, (byte) 9);
        vga.capture(frame);
        assertThat(pixel(0, 0)).isEqualTo(color(9));
        assertThat(pixel(0, 99)).isEqualTo(color(0));
        assertThat(pixel(0, 100)).isEqualTo(color(5));
    }

    @Test
    void writeModesComposeThePlanes() {
        mode(MODE_12_CRTC, 6, 0, 0x05, 0x01);
        poke(0, 0xF0);
        assertThat(memory.get(ValueLayout.JAVA_INT, 0)).isEqualTo(0xF0F0F0F0);
        indexed(0x3CE, 5, 2);
        indexed(0x3CE, 8, 0x0F);
        peek(0);
        poke(0, 0b0101);
        assertThat(memory.get(ValueLayout.JAVA_INT, 0)).isEqualTo(0xF0FFF0FF);
        indexed(0x3CE, 5, 1);
        peek(0);
        poke(10, 0);
        assertThat(memory.get(ValueLayout.JAVA_INT, 40)).isEqualTo(0xF0FFF0FF);
        indexed(0x3CE, 5, 3);
        indexed(0x3CE, 0, 0b0010);
        indexed(0x3CE, 8, 0xFF);
        peek(0);
        poke(0, 0x81);
        assertThat(memory.get(ValueLayout.JAVA_INT, 0)).isEqualTo(0x707E_F17E);
        indexed(0x3CE, 5, 0);
        indexed(0x3CE, 1, 0);
        indexed(0x3CE, 3, 0x18 | 4);
        memory.set(ValueLayout.JAVA_INT, 0, 0x0000FFFF);
        peek(0);
        poke(0, 0xF0);
        assertThat(memory.get(ValueLayout.JAVA_INT, 0)).isEqualTo(0x0F0FF0F0);
        indexed(0x3CE, 5, 8);
        indexed(0x3CE, 2, 0b0011);
        assertThat(peek(0)).isEqualTo(0xF0);
        vga.capture(frame);
        assertThat(frame.width()).isEqualTo(640);
        assertThat(frame.height()).isEqualTo(480);
        assertThat(pixel(0, 0)).isEqualTo(color(3));
        assertThat(pixel(4, 0)).isEqualTo(color(12));
    }

    @Test
    void bochsModesShowTheLinearFrameBuffer() {
        textMode();
        vbe(4, 0);
        vbe(1, 1024);
        vbe(2, 768);
        vbe(3, 32);
        vbe(4, 0x41);
        assertThat(bochs.read(1, 2)).isEqualTo(0x41);
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, 4 * (1024 * 700 + 1000), 0xFF123456);
        assertThat(vga.capture(frame)).isTrue();
        assertThat(frame.width()).isEqualTo(1024);
        assertThat(frame.height()).isEqualTo(768);
        assertThat(pixel(1000, 700)).isEqualTo(0x123456);
        assertThat(vga.capture(frame)).isFalse();
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, 0, 0x00ABCDEF);
        assertThat(vga.capture(frame)).isTrue();
        assertThat(pixel(0, 0)).isEqualTo(0xABCDEF);
        Frame late = new Frame();
        assertThat(vga.capture(late)).isTrue();
        assertThat(late.pixels()[1024 * 700 + 1000]).isEqualTo(0x123456);
        vbe(5, 3);
        assertThat(directAddress).isEqualTo(memory.address() + 3 * 65536);
        vbe(9, 700);
        vga.capture(frame);
        assertThat(pixel(1000, 0)).isEqualTo(0x123456);
        vbe(4, 0);
        vga.capture(frame);
        assertThat(frame.width()).isEqualTo(720);
    }

    @Test
    void everyDepthIsDrawn() {
        textMode();
        // The first two bytes are 0x4D, 0x29; as planes, they set plane 0 of pixel 1 and plane 1 of pixel 2.
        int[][] depths = {{8, 0x0D1332}, {15, 0x52526B}, {16, 0x29286B}, {24, 0x00294D}};
        for (int[] depth : depths) {
            setDepth(depth[0]);
            assertThat(pixel(0, 0)).isEqualTo(depth[1]);
        }
        setDepth(4);
        assertThat(pixel(0, 0)).isEqualTo(63);
        assertThat(pixel(1, 0)).isEqualTo(1 << 16 | 62);
        assertThat(pixel(2, 0)).isEqualTo(2 << 16 | 61);
    }

    private void setDepth(int depth) {
        vbe(4, 0);
        vbe(1, 640);
        vbe(2, 480);
        vbe(3, depth);
        vbe(4, 0x61);
        memory.set(ValueLayout.JAVA_BYTE, 0, (byte) 0x4D);
        memory.set(ValueLayout.JAVA_BYTE, 1, (byte) 0x29);
        vga.capture(frame);
    }

    @Test
    void bochsTellsItsLimits() {
        vbe(0, 0xB0C4);
        assertThat(bochs.read(1, 2)).isEqualTo(0xB0C4);
        bochs.write(0, 2, 0xA);
        assertThat(bochs.read(2, 2)).isEqualTo(256);
        vbe(4, 2);
        bochs.write(0, 2, 1);
        assertThat(bochs.read(1, 2)).isEqualTo(2560);
        RegisterWindow mmio = vga.mmio();
        assertThat(mmio.read(0x500, 2)).isEqualTo(0xB0C4);
        mmio.write(0x504, 2, 600);
        vbe(4, 0);
        assertThat(mmio.read(0x504, 2)).isEqualTo(600);
        assertThat(mmio.read(0x600, 4)).isEqualTo(8);
        assertThat(mmio.read(0x604, 4)).isEqualTo(0x1E1E1E1E);
        mmio.write(0x40E, 1, 6);
        mmio.write(0x40F, 1, 5);
        assertThat(mmio.read(0x40F, 1)).isEqualTo(5);
    }

    @Test
    void theMonitorPrefers1280By800() {
        RegisterWindow mmio = vga.mmio();
        int sum = 0;
        for (int i = 0; i < 128; i++) {
            sum += (int) mmio.read(i, 1);
        }
        assertThat(sum & 0xFF).isZero();
        assertThat(mmio.read(0, 8)).isEqualTo(0x00FF_FFFF_FFFF_FF00L);
        assertThat(mmio.read(56, 1) | (mmio.read(58, 1) & 0xF0) << 4).isEqualTo(1280);
        assertThat(mmio.read(59, 1) | (mmio.read(61, 1) & 0xF0) << 4).isEqualTo(800);
    }

    @Test
    void theProtectedRegistersKeepTheirValues() {
        textMode();
        indexed(0x3D4, 0, 0x11);
        out(0x3D4, 0);
        assertThat(in(0x3D5)).isEqualTo(0x5F);
        indexed(0x3D4, 7, 0x00);
        out(0x3D4, 7);
        assertThat(in(0x3D5)).isEqualTo(0x0F);
        assertThat(vga.monochromePorts().read(4, 1)).isEqualTo(0xFF);
    }

    @Test
    void stateComesBack() {
        mode(MODE_13_CRTC, 0x0E, 0x40, 0x05, 0x41);
        poke(3, 9);
        vga.capture(frame);
        Vga.State state = vga.save();
        vga.reset();
        vga.capture(frame);
        assertThat(directAddress).isZero();
        vga.restore(state);
        assertThat(vga.save()).usingRecursiveComparison().isEqualTo(state);
        assertThat(directAddress).isEqualTo(memory.address());
        vga.capture(frame);
        assertThat(pixel(6, 0)).isEqualTo(color(9));
        VgaRegisters.State registers = state.registers();
        assertThatThrownBy(() -> vga.restore(new Vga.State(
                        new VgaRegisters.State(
                                registers.sequencer(),
                                new int[3],
                                registers.graphics(),
                                registers.attribute(),
                                registers.dac(),
                                registers.external()),
                        state.bochs(),
                        0)))
                .isInstanceOf(InvalidStateException.class);
    }

    @Test
    void randomAccessesNeverThrow() {
        long seed = Long.getLong("seed", 20261122L);
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        textMode();
        for (int i = 0; i < 100_000; i++) {
            int size = 1 << random.nextInt(4);
            switch (random.nextInt(5)) {
                case 0 -> ports.write(random.nextInt(32), size, random.nextLong());
                case 1 -> vbe(random.nextInt(12), random.nextInt(10) == 0 ? random.nextInt(65536) : random.nextInt(64));
                case 2 -> window.orElseThrow().write(random.nextInt(0x20000), size, random.nextLong());
                case 3 -> vga.mmio().write(random.nextInt(0x1000), size, random.nextLong());
                default -> {
                    window.orElseThrow().read(random.nextInt(0x20000), size);
                    vga.mmio().read(random.nextInt(0x1000), size);
                    ports.read(random.nextInt(32), size);
                }
            }
            if (random.nextInt(300) == 0) {
                now += 100_000_000L;
                vga.capture(frame);
                vga.restore(vga.save());
            }
        }
        assertThat(frame.width()).isBetween(1, 4608);
    }
}
