// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.blk;

import dev.terrarium.engine.device.StorageBackend;
import dev.terrarium.engine.device.virtio.DescriptorChain;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One request of a driver (VIRTIO 1.2, section 5.2.6): a header, data, and a status byte. Data longer than {@link #PIECE} go piece by
 * piece, so a request of gigabytes takes no more memory than one of a mebibyte.
 */
final class BlockRequest {
    static final int SECTOR = 512;
    static final int HEADER_BYTES = 16;

    /** The most bytes on their way between guest and host at once. */
    static final int PIECE = 512 << 10;

    /** The most sectors of one discard or write of zeros, and the most segments. */
    static final int MOST_SECTORS = 1 << 22;

    static final int MOST_SEGMENTS = 16;

    private static final int TYPE_IN = 0;
    private static final int TYPE_OUT = 1;
    private static final int TYPE_FLUSH = 4;
    private static final int TYPE_GET_ID = 8;
    private static final int TYPE_DISCARD = 11;
    private static final int TYPE_WRITE_ZEROES = 13;

    private static final int STATUS_OK = 0;
    private static final int STATUS_IOERR = 1;
    private static final int STATUS_UNSUPP = 2;

    private static final int ID_BYTES = 20;
    private static final int SEGMENT_BYTES = 16;
    private static final int FLAG_UNMAP = 1;

    private final VirtioBlock device;
    private final StorageBackend backend;
    private final int queue;
    private final DescriptorChain chain;
    private final int type;
    private final long position;
    private byte[] buffer = new byte[0];

    BlockRequest(VirtioBlock device, StorageBackend backend, int queue, DescriptorChain chain) {
        this.device = device;
        this.backend = backend;
        this.queue = queue;
        this.chain = chain;
        byte[] bytes = new byte[HEADER_BYTES];
        chain.read(0, bytes, 0, HEADER_BYTES);
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        type = header.getInt(0);
        // A sector number that overflows in bytes is on no disk either.
        long sector = header.getLong(8);
        position = sector >= 0 && sector <= Long.MAX_VALUE / SECTOR ? sector * SECTOR : -1;
    }

    /** Has a chain room for a header and a status? */
    static boolean isWhole(DescriptorChain chain) {
        return chain.readableBytes() >= HEADER_BYTES && chain.writableBytes() >= 1;
    }

    DescriptorChain chain() {
        return chain;
    }

    int queue() {
        return queue;
    }

    void start() {
        switch (type) {
            case TYPE_IN -> read();
            case TYPE_OUT -> write();
            case TYPE_FLUSH -> backend.flush(done -> end(done, 0));
            case TYPE_GET_ID -> identify();
            case TYPE_DISCARD -> ranges(0);
            case TYPE_WRITE_ZEROES -> ranges(FLAG_UNMAP);
            default -> end(STATUS_UNSUPP, 0);
        }
    }

    private boolean onDisk(long from, long length) {
        return from >= 0 && from <= backend.size() && length <= backend.size() - from;
    }

    private void read() {
        long length = chain.writableBytes() - 1;
        if (length % SECTOR != 0 || !onDisk(position, length)) {
            end(STATUS_IOERR, 0);
        } else {
            buffer = new byte[(int) Math.min(length, PIECE)];
            readPiece(0, length);
        }
    }

    private void readPiece(long done, long length) {
        int part = (int) Math.min(length - done, PIECE);
        if (part == 0) {
            end(STATUS_OK, done);
            return;
        }
        backend.read(position + done, buffer, 0, part, success -> {
            if (!success || !device.owns(this)) {
                end(STATUS_IOERR, done);
            } else {
                chain.write(done, buffer, 0, part);
                readPiece(done + part, length);
            }
        });
    }

    private void write() {
        long length = chain.readableBytes() - HEADER_BYTES;
        if (backend.readOnly() || length % SECTOR != 0 || !onDisk(position, length)) {
            end(STATUS_IOERR, 0);
        } else {
            buffer = new byte[(int) Math.min(length, PIECE)];
            writePiece(0, length);
        }
    }

    private void writePiece(long done, long length) {
        int part = (int) Math.min(length - done, PIECE);
        if (part == 0) {
            makeDurable();
            return;
        }
        chain.read(HEADER_BYTES + done, buffer, 0, part);
        backend.write(position + done, buffer, 0, part, success -> {
            if (!success || !device.owns(this)) {
                end(STATUS_IOERR, 0);
            } else {
                writePiece(done + part, length);
            }
        });
    }

    /** With write-through, what is completed is on the host's disk (section 5.2.6.2). */
    private void makeDurable() {
        if (device.writesBack()) {
            end(STATUS_OK, 0);
        } else {
            backend.flush(done -> end(done, 0));
        }
    }

    private void identify() {
        byte[] id = Arrays.copyOf(device.serial().getBytes(StandardCharsets.US_ASCII), ID_BYTES);
        int room = (int) Math.min(ID_BYTES, chain.writableBytes() - 1);
        chain.write(0, id, 0, room);
        end(STATUS_OK, room);
    }

    /** Discard and write zeroes: segments of struct virtio_blk_discard_write_zeroes. */
    private void ranges(int allowedFlags) {
        long length = chain.readableBytes() - HEADER_BYTES;
        if (backend.readOnly()) {
            end(STATUS_IOERR, 0);
        } else if (length % SEGMENT_BYTES != 0 || length == 0 || length > MOST_SEGMENTS * SEGMENT_BYTES) {
            end(STATUS_IOERR, 0);
        } else {
            byte[] bytes = new byte[(int) length];
            chain.read(HEADER_BYTES, bytes, 0, bytes.length);
            ByteBuffer segments = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            int refusal = refusal(segments, allowedFlags);
            if (refusal != STATUS_OK) {
                end(refusal, 0);
            } else {
                nextRange(segments);
            }
        }
    }

    private int refusal(ByteBuffer segments, int allowedFlags) {
        for (int at = 0; at < segments.limit(); at += SEGMENT_BYTES) {
            long sector = segments.getLong(at);
            long sectors = Integer.toUnsignedLong(segments.getInt(at + 8));
            if ((segments.getInt(at + 12) & ~allowedFlags) != 0) {
                return STATUS_UNSUPP;
            }
            if (sector < 0
                    || sector > backend.size() / SECTOR
                    || sectors > MOST_SECTORS
                    || !onDisk(sector * SECTOR, sectors * SECTOR)) {
                return STATUS_IOERR;
            }
        }
        return STATUS_OK;
    }

    private void nextRange(ByteBuffer segments) {
        if (!segments.hasRemaining()) {
            makeDurable();
            return;
        }
        long from = segments.getLong() * SECTOR;
        long length = Integer.toUnsignedLong(segments.getInt()) * SECTOR;
        boolean release = (segments.getInt() & FLAG_UNMAP) != 0;
        StorageBackend.Completion next = success -> {
            if (!success || !device.owns(this)) {
                end(STATUS_IOERR, 0);
            } else {
                nextRange(segments);
            }
        };
        if (type == TYPE_DISCARD) {
            backend.discard(from, length, next);
        } else {
            backend.writeZeroes(from, length, release, next);
        }
    }

    private void end(boolean success, long written) {
        end(success ? STATUS_OK : STATUS_IOERR, written);
    }

    private void end(int status, long written) {
        if (device.owns(this)) {
            chain.write(chain.writableBytes() - 1, new byte[] {(byte) status}, 0, 1);
        }
        device.ended(this, written + 1);
    }
}
