// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * A compressed grain as it stands in a stream-optimised extent: its first sector on the disk (8 bytes), how many bytes of
 * zlib data follow (4), these, and zeros up to a whole sector (Virtual Disk Format 5.0, "Stream-Optimized Compressed
 * Sparse Extents").
 */
final class GrainCodec {
    private static final int HEADER = 12;

    private GrainCodec() {}

    static ByteBuffer encode(long firstSector, byte[] grain) {
        Deflater deflater = new Deflater();
        try {
            deflater.setInput(grain);
            deflater.finish();
            // The worst case of deflate is stored blocks: 5 bytes for each 16 KiB, and zlib's own 6 (RFC 1950, 1951).
            byte[] packed = new byte[grain.length + grain.length / 1000 + 64];
            int length = deflater.deflate(packed);
            if (!deflater.finished()) {
                throw new IllegalStateException("a grain grew by more than deflate can make it");
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) Vmdk.roundUp(HEADER + length, Vmdk.SECTOR))
                    .order(ByteOrder.LITTLE_ENDIAN);
            return bytes.putLong(firstSector)
                    .putInt(length)
                    .put(packed, 0, length)
                    .clear();
        } finally {
            deflater.end();
        }
    }

    /**
     * Reads a grain; what its data do not reach is zeros.
     *
     * @param needed bytes of the grain that are on the disk
     */
    static byte[] read(ByteStore store, long place, long firstSector, int grainBytes, int needed) throws IOException {
        // Most grains shrink to half: one read is then enough.
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.max(Vmdk.SECTOR, grainBytes / 2)).order(ByteOrder.LITTLE_ENDIAN);
        store.read(bytes, place);
        long first = bytes.getLong(0);
        long length = Integer.toUnsignedLong(bytes.getInt(8));
        if (first != firstSector) {
            throw new IOException("the image is damaged: the grain of sector " + firstSector
                    + " says that it is that of " + Long.toUnsignedString(first));
        }
        if (length == 0 || length > 2L * grainBytes + Vmdk.SECTOR || place + HEADER + length > store.size()) {
            throw new IOException(
                    "the image is damaged: the grain of sector " + firstSector + " has " + length + " bytes");
        }
        byte[] packed = Arrays.copyOfRange(bytes.array(), HEADER, HEADER + (int) length);
        int there = bytes.capacity() - HEADER;
        if (length > there) {
            store.read(ByteBuffer.wrap(packed, there, (int) length - there), place + bytes.capacity());
        }
        return inflate(packed, firstSector, grainBytes, needed);
    }

    private static byte[] inflate(byte[] packed, long firstSector, int grainBytes, int needed) throws IOException {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(packed);
            byte[] grain = new byte[grainBytes];
            int count = 0;
            while (count < grainBytes && !inflater.finished()) {
                int more = inflater.inflate(grain, count, grainBytes - count);
                if (more == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
                    break;
                }
                count += more;
            }
            if (count < needed) {
                throw new IOException(
                        "the image is damaged: the grain of sector " + firstSector + " ends after " + count + " bytes");
            }
            return grain;
        } catch (DataFormatException e) {
            throw new IOException(
                    "the image is damaged: the grain of sector " + firstSector + " cannot be unpacked", e);
        } finally {
            inflater.end();
        }
    }
}
