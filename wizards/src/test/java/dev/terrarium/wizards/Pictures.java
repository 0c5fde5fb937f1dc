// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javafx.scene.Scene;
import javafx.scene.image.Image;

/** Writes what a scene shows as PNG files under {@code target/screenshots}, for a person to look at. */
final class Pictures {
    private Pictures() {}

    /** To be called on the window's thread. */
    static Path save(Scene scene, String name) throws IOException {
        Image image = scene.snapshot(null);
        int width = (int) image.getWidth();
        int height = (int) image.getHeight();
        ByteArrayOutputStream rows = new ByteArrayOutputStream();
        try (DataOutputStream deflated = new DataOutputStream(new DeflaterOutputStream(rows))) {
            for (int y = 0; y < height; y++) {
                deflated.writeByte(0);
                for (int x = 0; x < width; x++) {
                    int argb = image.getPixelReader().getArgb(x, y);
                    deflated.writeByte(argb >> 16);
                    deflated.writeByte(argb >> 8);
                    deflated.writeByte(argb);
                }
            }
        }
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(head);
        fields.writeInt(width);
        fields.writeInt(height);
        fields.write(new byte[] {8, 2, 0, 0, 0});
        Path file = Files.createDirectories(Path.of("target", "screenshots")).resolve(name + ".png");
        try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(file))) {
            out.writeLong(0x8950_4E47_0D0A_1A0AL);
            chunk(out, "IHDR", head.toByteArray());
            chunk(out, "IDAT", rows.toByteArray());
            chunk(out, "IEND", new byte[0]);
        }
        return file;
    }

    private static void chunk(DataOutputStream out, String type, byte[] data) throws IOException {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        out.writeInt(data.length);
        out.write(name);
        out.write(data);
        out.writeInt((int) crc.getValue());
    }
}
