// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small files that look like the real thing to {@code Host.inspect}. */
final class TestMedia {
    private static final int BLOCK = 2048;

    private TestMedia() {}

    /** A CD image (ECMA-119) with an empty root folder and an El Torito boot entry. */
    static Path iso(Path file, String label) throws IOException {
        ByteBuffer image = ByteBuffer.allocate(24 * BLOCK).order(ByteOrder.LITTLE_ENDIAN);
        descriptor(image, 16, 1);
        text(image, 16 * BLOCK + 40, 32, label);
        image.put(16 * BLOCK + 156, (byte) 34);
        image.putInt(16 * BLOCK + 156 + 2, 20);
        image.putInt(16 * BLOCK + 156 + 10, BLOCK);
        descriptor(image, 17, 0);
        text(image, 17 * BLOCK + 7, 32, "EL TORITO SPECIFICATION");
        image.putInt(17 * BLOCK + 0x47, 19);
        descriptor(image, 18, 255);
        image.put(19 * BLOCK, (byte) 1);
        image.putShort(19 * BLOCK + 30, (short) 0xAA55);
        image.put(19 * BLOCK + 32, (byte) 0x88);
        return Files.write(file, image.array());
    }

    private static void descriptor(ByteBuffer image, int block, int type) {
        image.put(block * BLOCK, (byte) type);
        text(image, block * BLOCK + 1, 5, "CD001");
    }

    private static void text(ByteBuffer image, int at, int length, String text) {
        String padded = (text + " ".repeat(length)).substring(0, length);
        image.put(at, padded.getBytes(StandardCharsets.US_ASCII));
    }

    /** A raw disk with a boot signature. */
    static Path disk(Path file) throws IOException {
        byte[] image = new byte[64 * 512];
        image[510] = 0x55;
        image[511] = (byte) 0xAA;
        return Files.write(file, image);
    }

    /** A Linux bzImage's header. */
    static Path kernel(Path file) throws IOException {
        byte[] image = new byte[8192];
        System.arraycopy("HdrS".getBytes(StandardCharsets.US_ASCII), 0, image, 0x202, 4);
        return Files.write(file, image);
    }
}
