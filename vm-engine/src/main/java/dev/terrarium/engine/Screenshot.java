// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/**
 * A machine's picture.
 *
 * @param pixels {@code pixels[y * width + x]} is 0x00RRGGBB
 */
public record Screenshot(int width, int height, int[] pixels) {
    private static final long PNG_SIGNATURE = 0x8950_4E47_0D0A_1A0AL;
    private static final int BITS_PER_SAMPLE = 8;
    private static final int TRUE_COLOUR = 2;

    /** Writes the picture as a PNG file (ISO/IEC 15948): true colour, no filter. */
    public void writePng(OutputStream target) throws IOException {
        DataOutputStream output = new DataOutputStream(target);
        output.writeLong(PNG_SIGNATURE);
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(header);
        fields.writeInt(width);
        fields.writeInt(height);
        fields.write(new byte[] {BITS_PER_SAMPLE, TRUE_COLOUR, 0, 0, 0});
        writeChunk(output, "IHDR", header.toByteArray());
        writeChunk(output, "IDAT", compressedRows());
        writeChunk(output, "IEND", new byte[0]);
        output.flush();
    }

    private byte[] compressedRows() throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(compressed)) {
            byte[] row = new byte[1 + 3 * width];
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int pixel = pixels[y * width + x];
                    row[1 + 3 * x] = (byte) (pixel >> 16);
                    row[2 + 3 * x] = (byte) (pixel >> 8);
                    row[3 + 3 * x] = (byte) pixel;
                }
                deflater.write(row);
            }
        }
        return compressed.toByteArray();
    }

    private static void writeChunk(DataOutputStream output, String type, byte[] content) throws IOException {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 sum = new CRC32();
        sum.update(name);
        sum.update(content);
        output.writeInt(content.length);
        output.write(name);
        output.write(content);
        output.writeInt((int) sum.getValue());
    }
}
