// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** How clusters are compressed: raw deflate, or a zstd frame (specification, compression_type). */
enum Codec {
    ZLIB {
        /**
         * QEMU inflates with a window of 4 KiB (windowBits -12), and the JDK's Deflater has one of 32 KiB that cannot be
         * changed. Pieces of 4 KiB that know nothing of each other keep every distance below that.
         */
        @Override
        Optional<byte[]> compress(byte[] cluster) {
            Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
            try {
                byte[] target = new byte[cluster.length];
                int length = 0;
                for (int from = 0; from < cluster.length; from += WINDOW) {
                    int piece = Math.min(WINDOW, cluster.length - from);
                    boolean last = from + piece == cluster.length;
                    deflater.setInput(cluster, from, piece);
                    if (last) {
                        deflater.finish();
                    }
                    int count = deflater.deflate(
                            target, length, target.length - length, last ? Deflater.NO_FLUSH : Deflater.FULL_FLUSH);
                    length += count;
                    if (length >= target.length || last && !deflater.finished()) {
                        return Optional.empty();
                    }
                }
                return Optional.of(Arrays.copyOf(target, length));
            } finally {
                deflater.end();
            }
        }

        @Override
        byte[] decompress(byte[] bytes, int clusterSize) throws IOException {
            Inflater inflater = new Inflater(true);
            try {
                inflater.setInput(bytes);
                byte[] cluster = new byte[clusterSize];
                int length = 0;
                while (length < clusterSize) {
                    int count = inflater.inflate(cluster, length, clusterSize - length);
                    if (count == 0) {
                        throw Damage.found("a compressed cluster ends early");
                    }
                    length += count;
                }
                return cluster;
            } catch (DataFormatException e) {
                throw new IOException(
                        Damage.found("a compressed cluster is not deflate").getMessage(), e);
            } finally {
                inflater.end();
            }
        }
    },
    ZSTD {
        @Override
        Optional<byte[]> compress(byte[] cluster) {
            try (ZstdCompressCtx context = new ZstdCompressCtx()) {
                byte[] frame = context.compress(cluster);
                return frame.length < cluster.length ? Optional.of(frame) : Optional.empty();
            }
        }

        @Override
        byte[] decompress(byte[] bytes, int clusterSize) throws IOException {
            try (ZstdInputStreamNoFinalizer stream = new ZstdInputStreamNoFinalizer(new ByteArrayInputStream(bytes))) {
                stream.setLongMax(LARGEST_WINDOW_BITS);
                byte[] cluster = stream.readNBytes(clusterSize);
                if (cluster.length < clusterSize) {
                    throw Damage.found("a compressed cluster ends early");
                }
                return cluster;
            } catch (ZstdIOException e) {
                throw new IOException(
                        Damage.found("a compressed cluster is no zstd frame").getMessage(), e);
            }
        }
    };

    private static final int WINDOW = 4096;

    /** A cluster has 2 MiB at most; a frame that wants a larger window than 32 MiB is made to take memory. */
    private static final int LARGEST_WINDOW_BITS = 25;

    static Codec of(Header header) {
        return header.compressionType == 1 ? ZSTD : ZLIB;
    }

    /** The cluster compressed, or nothing if that is not shorter. */
    abstract Optional<byte[]> compress(byte[] cluster);

    /**
     * A cluster of {@code clusterSize} bytes; what follows it in {@code bytes} is ignored.
     *
     * @throws IOException if it is damaged
     */
    abstract byte[] decompress(byte[] bytes, int clusterSize) throws IOException;
}
