// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectKernelTest {
    private static final MemoryMap MEMORY = MemoryMap.of(256L << 20);

    @TempDir
    Path folder;

    /** What the boot ROM would do: the pieces by address, and the memory that is cleared. */
    private static Map<Long, byte[]> unpack(byte[] payload, Map<Long, Integer> cleared) {
        ByteBuffer plan = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        int count = plan.getShort(6);
        plan.order(ByteOrder.BIG_ENDIAN);
        Map<Long, byte[]> pieces = new HashMap<>();
        int at = 32 + 16 * count;
        for (int i = 0; i < count; i++) {
            int control = plan.getInt(32 + 16 * i);
            int length = plan.getInt(36 + 16 * i);
            long address = plan.getLong(40 + 16 * i);
            if (control == 2) {
                pieces.put(address, Arrays.copyOfRange(payload, at, at + length));
                at += length;
            } else {
                assertThat(control).isEqualTo(0xFFFF_000A);
                cleared.put(address, length);
            }
        }
        assertThat(at).isEqualTo(payload.length);
        return pieces;
    }

    private Path linux(int version) throws IOException {
        ByteBuffer kernel = ByteBuffer.allocate(5 * 512 + 3000).order(ByteOrder.LITTLE_ENDIAN);
        kernel.put(0x1F1, (byte) 4).putShort(0x1FE, (short) 0xAA55).putInt(0x202, 0x53726448);
        kernel.putShort(0x206, (short) version).put(0x211, (byte) 1).putInt(0x22C, 0x7FFF_FFFF);
        kernel.putInt(0x238, 100).putLong(0x258, 0x100_0000).putInt(0x260, 0x200_0000);
        for (int i = 5 * 512; i < kernel.capacity(); i++) {
            kernel.put(i, (byte) i);
        }
        return Files.write(folder.resolve("vmlinuz"), kernel.array());
    }

    @Test
    void linuxIsLaidOutByItsProtocol() throws Exception {
        Path initrd = Files.write(folder.resolve("initrd"), new byte[5000]);
        byte[] payload = new DirectKernel(linux(0x20F), List.of(initrd), "quiet vga=0x314")
                .load(MEMORY)
                .toByteArray();
        ByteBuffer plan = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new String(payload, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("TRMB");
        assertThat(plan.getShort(4)).isEqualTo((short) 1);
        assertThat(plan.getShort(16)).isEqualTo((short) 0x1020);
        assertThat(plan.getShort(18)).isEqualTo((short) 0x1000);
        Map<Long, byte[]> pieces = unpack(payload, new HashMap<>());
        long initrdAt = (256L << 20) - (2 << 20) - 8192;
        assertThat(pieces).containsOnlyKeys(0x10000L, 0x20000L, 0x100000L, initrdAt);
        ByteBuffer setup = ByteBuffer.wrap(pieces.get(0x10000L)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(setup.capacity()).isEqualTo(5 * 512);
        assertThat(setup.getShort(0x1FA)).isEqualTo((short) 0x314);
        assertThat(setup.get(0x210)).isEqualTo((byte) 0xFF);
        assertThat(setup.get(0x211)).isEqualTo((byte) 0x81);
        assertThat(setup.getInt(0x218)).isEqualTo((int) initrdAt);
        assertThat(setup.getInt(0x21C)).isEqualTo(5000);
        assertThat(setup.getInt(0x228)).isEqualTo(0x20000);
        assertThat(pieces.get(0x20000L)).isEqualTo("quiet vga=0x314\0".getBytes(StandardCharsets.US_ASCII));
        assertThat(pieces.get(0x100000L)).hasSize(3000);
    }

    @Test
    void badLinuxKernelsAreRefusedInOneLine() throws Exception {
        Path kernel = linux(0x20F);
        assertThatThrownBy(() -> new DirectKernel(kernel, List.of(), "x".repeat(101)).load(MEMORY))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("command line is too long");
        assertThatThrownBy(() -> new DirectKernel(kernel, List.of(), "vga=big").load(MEMORY))
                .hasMessageContaining("not a video mode");
        assertThatThrownBy(() -> new DirectKernel(kernel, List.of(), "").load(MemoryMap.of(32 << 20)))
                .hasMessageContaining("needs 50 MiB");
        assertThatThrownBy(() -> new DirectKernel(kernel, List.of(folder.resolve("none")), "").load(MEMORY))
                .hasMessageContaining("does not exist");
        byte[] bytes = Files.readAllBytes(kernel);
        Files.write(kernel, Arrays.copyOf(bytes, 2000));
        assertThatThrownBy(() -> new DirectKernel(kernel, List.of(), "").load(MEMORY))
                .hasMessageContaining("is damaged");
        Path old = linux(0x200);
        assertThatThrownBy(() -> new DirectKernel(old, List.of(), "").load(MEMORY))
                .hasMessageContaining("too old");
        Path text = Files.writeString(folder.resolve("text"), "hello");
        assertThatThrownBy(() -> new DirectKernel(text, List.of(), "").load(MEMORY))
                .hasMessageContaining("neither a Linux bzImage nor a multiboot kernel");
    }

    private static ByteBuffer elf(int fileSize, long flags) {
        ByteBuffer elf = ByteBuffer.allocate(fileSize).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464C457F).put(4, (byte) 1).putShort(18, (short) 3).putInt(24, 0xC010_0010);
        elf.putInt(28, 52).putShort(42, (short) 32).putShort(44, (short) 1);
        elf.putInt(52, 1).putInt(56, 0x100).putInt(60, 0xC010_0000).putInt(64, 0x10_0000);
        elf.putInt(68, 0x80).putInt(72, 0x5000);
        elf.putInt(0x100, 0x1BADB002).putInt(0x104, (int) flags).putInt(0x108, -(0x1BADB002 + (int) flags));
        return elf;
    }

    @Test
    void multibootElfSegmentsGoToTheirPhysicalAddresses() throws Exception {
        Path kernel = Files.write(folder.resolve("kernel"), elf(0x200, 3).array());
        Path module = Files.write(folder.resolve("module"), new byte[] {1, 2, 3});
        byte[] payload =
                new DirectKernel(kernel, List.of(module), "args").load(MEMORY).toByteArray();
        ByteBuffer plan = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(plan.getShort(4)).isEqualTo((short) 2);
        assertThat(plan.getInt(8)).isEqualTo(0x10_0010);
        Map<Long, Integer> cleared = new HashMap<>();
        Map<Long, byte[]> pieces = unpack(payload, cleared);
        assertThat(cleared).containsExactly(Map.entry(0x10_0080L, 0x4F80));
        assertThat(pieces.get(0x10_0000L)).hasSize(0x80);
        assertThat(pieces.get(0x10_5000L)).containsExactly(1, 2, 3);
        byte[] bytes = pieces.get(0x9000L);
        ByteBuffer information = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(information.getInt(0)).isEqualTo(0x24D);
        assertThat(information.getInt(20)).isEqualTo(1);
        int list = information.getInt(24) - 0x9000;
        assertThat(information.getInt(list)).isEqualTo(0x10_5000);
        assertThat(information.getInt(list + 4)).isEqualTo(0x10_5003);
        assertThat(text(bytes, information.getInt(16))).isEqualTo(kernel + " args");
        assertThat(text(bytes, information.getInt(list + 8))).isEqualTo(module.toString());
        assertThat(text(bytes, information.getInt(64))).isEqualTo("Terrarium");
    }

    private static String text(byte[] bytes, int address) {
        int end = address - 0x9000;
        while (bytes[end] != 0) {
            end++;
        }
        return new String(bytes, address - 0x9000, end - (address - 0x9000), StandardCharsets.US_ASCII);
    }

    @Test
    void badMultibootKernelsAreRefusedInOneLine() throws Exception {
        Path kernel = folder.resolve("kernel");
        Files.write(kernel, elf(0x200, 8).array());
        assertThatThrownBy(() -> new DirectKernel(kernel, List.of(), "").load(MEMORY))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("asks for multiboot features");
        Files.write(kernel, elf(0x140, 0).array());
        assertThatThrownBy(() -> new DirectKernel(kernel, List.of(), "").load(MEMORY))
                .hasMessageContaining("segment 0 lies outside");
        Files.write(kernel, elf(0x200, 0).putInt(64, 0xA0000).array());
        assertThatThrownBy(() -> new DirectKernel(kernel, List.of(), "").load(MEMORY))
                .hasMessageContaining("no free memory");
        Files.write(kernel, elf(0x200, 0).putInt(28, -1).array());
        assertThatThrownBy(() -> new DirectKernel(kernel, List.of(), "").load(MEMORY))
                .hasMessageContaining("program headers");
        Files.write(kernel, elf(0x200, 0).putInt(72, -1).array());
        assertThatThrownBy(() -> new DirectKernel(kernel, List.of(), "").load(MEMORY))
                .isInstanceOf(TerrariumException.class);
    }

    @Test
    void theRomIsWhatItsSourceAssemblesTo() throws Exception {
        byte[] rom = BootRom.image();
        assertThat(rom).startsWith(0x55, 0xAA, rom.length / 512);
        assertThat(LittleEndian.checksum(rom, 0, rom.length)).isZero();
        int pnp = rom[0x1A];
        assertThat(new String(rom, pnp, 4, StandardCharsets.US_ASCII)).isEqualTo("$PnP");
        assertThat(LittleEndian.checksum(rom, pnp, pnp + 32)).isZero();
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/nasm")), "nasm is not installed");
        Path source = folder.resolve("boot-rom.asm");
        try (var in = BootRom.class.getResourceAsStream("boot-rom.asm")) {
            Files.write(source, in.readAllBytes());
        }
        assertThat(assemble(source)).isEqualTo(BootRom.assembled());
    }

    private byte[] assemble(Path source) throws IOException, InterruptedException {
        Path binary = folder.resolve(source.getFileName() + ".bin");
        assertThat(new ProcessBuilder("nasm", "-f", "bin", "-o", binary.toString(), source.toString())
                        .inheritIO()
                        .start()
                        .waitFor())
                .isZero();
        return Files.readAllBytes(binary);
    }

    /** QEMU's SeaBIOS and fw_cfg run our ROM: a kernel prints its magic number and its command line, and ends QEMU. */
    @Test
    @Tag("guest-boot")
    void aPeerStartsAMultibootKernelThroughTheRom() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/qemu-system-x86_64")), "QEMU is not installed");
        Path source = Files.writeString(folder.resolve("kernel.asm"), """
                        bits 32
                        org 0x100000
                header: dd 0x1BADB002, 0x10003, -(0x1BADB002 + 0x10003), header, header, end, end, start
                start:  mov edi, eax
                        mov esi, [ebx + 16]
                        mov dx, 0x3F8
                next:   lodsb
                        test al, al
                        jz done
                        out dx, al
                        jmp next
                done:   cmp edi, 0x2BADB002
                        sete al
                        mov dx, 0xF4
                        out dx, al
                        hlt
                end:
                """);
        Path kernel = Files.write(folder.resolve("kernel"), assemble(source));
        Path payload = Files.write(
                folder.resolve("payload"),
                new DirectKernel(kernel, List.of(), "well done").load(MEMORY).toByteArray());
        Path rom = Files.write(folder.resolve("rom"), BootRom.image());
        Path serial = folder.resolve("serial");
        Process qemu = new ProcessBuilder(List.of(
                        "qemu-system-x86_64",
                        "-accel",
                        "tcg",
                        "-m",
                        "256",
                        "-display",
                        "none",
                        "-nodefaults",
                        "-no-reboot",
                        "-serial",
                        "file:" + serial,
                        "-device",
                        "isa-debug-exit,iobase=0xf4",
                        "-fw_cfg",
                        "name=genroms/terrarium-boot.bin,file=" + rom,
                        "-fw_cfg",
                        "name=opt/dev.terrarium/boot,file=" + payload))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        try {
            assertThat(qemu.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(qemu.exitValue()).isEqualTo(3);
            assertThat(Files.readString(serial)).isEqualTo(kernel + " well done");
        } finally {
            qemu.destroyForcibly();
        }
    }
}
