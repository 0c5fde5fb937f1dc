// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One of the two headers, of which the sound one with the greater number counts ([MS-VHDX] 2.2.2).
 *
 * @param slot 0 or 1
 * @param sequence its number
 * @param fileWriteGuid changed when the file is changed the first time after it was opened
 * @param dataWriteGuid changed when the guest's disk is
 * @param logGuid which log entries count; nil if none do
 * @param logOffset where the log is
 * @param logLength bytes of the log
 */
record VhdxHeader(
        int slot, long sequence, UUID fileWriteGuid, UUID dataWriteGuid, UUID logGuid, long logOffset, long logLength) {
    private static final int LENGTH = 4096;
    private static final int SIGNATURE = 0x64616568;
    private static final int CHECKSUM_AT = 4;
    private static final int VERSION = 1;

    /** Logs are 1 MiB long in practice; a longer one than this would only take time to look through. */
    private static final long LONGEST_LOG = 256L << 20;

    private static long place(int slot) {
        return (slot + 1L) << 16;
    }

    private static @Nullable ByteBuffer sound(ByteStore store, int slot) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        store.read(bytes, place(slot));
        boolean sound = bytes.getInt(0) == SIGNATURE && bytes.getInt(CHECKSUM_AT) == Vhdx.checksum(bytes, CHECKSUM_AT);
        return sound ? bytes : null;
    }

    /** Reads the header that counts. */
    static VhdxHeader read(Path path, ByteStore store) throws TerrariumException, IOException {
        ByteBuffer first = sound(store, 0);
        ByteBuffer second = sound(store, 1);
        if (first == null && second == null) {
            throw Vhdx.damaged(path, "the checksums of both of its headers are wrong");
        }
        int slot = first == null || second != null && Long.compareUnsigned(second.getLong(8), first.getLong(8)) > 0
                ? 1
                : 0;
        ByteBuffer bytes = slot == 1 ? second : first;
        if (bytes == null) {
            throw new IllegalStateException("the header chosen is none");
        }
        if (first != null && second != null && first.getLong(8) == second.getLong(8) && !first.equals(second)) {
            throw Vhdx.damaged(path, "its two headers have the same number");
        }
        int version = bytes.getShort(66) & 0xFFFF;
        int logVersion = bytes.getShort(64) & 0xFFFF;
        if (version != VERSION || logVersion != 0) {
            throw new TerrariumException(path + " is a VHDX image of version " + version + " with a log of version "
                    + logVersion + ": convert it to version 1 with Hyper-V first");
        }
        VhdxHeader header = new VhdxHeader(
                slot,
                bytes.getLong(8),
                Vhdx.guid(bytes, 16),
                Vhdx.guid(bytes, 32),
                Vhdx.guid(bytes, 48),
                bytes.getLong(72),
                Integer.toUnsignedLong(bytes.getInt(68)));
        header.check(path, store);
        return header;
    }

    private void check(Path path, ByteStore store) throws TerrariumException, IOException {
        if (logOffset < Vhdx.MIB || logOffset % Vhdx.MIB != 0 || logOffset > store.size() - logLength) {
            throw Vhdx.damaged(path, "its log is at " + Long.toUnsignedString(logOffset));
        }
        if (logLength == 0 || logLength % Vhdx.MIB != 0 || logLength > LONGEST_LOG) {
            throw Vhdx.damaged(path, "its log is " + logLength + " bytes long");
        }
    }

    /** Changes the fields that may change, in the other slot, durably. What was written before must be durable already. */
    VhdxHeader update(ByteStore store, UUID newFileWriteGuid, UUID newDataWriteGuid, UUID newLogGuid)
            throws IOException {
        VhdxHeader next = new VhdxHeader(
                1 - slot, sequence + 1, newFileWriteGuid, newDataWriteGuid, newLogGuid, logOffset, logLength);
        next.write(store);
        store.flush();
        return next;
    }

    /** Writes it to its slot; not durable yet. */
    void write(ByteStore store) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0, SIGNATURE);
        bytes.putLong(8, sequence);
        Vhdx.putGuid(bytes, 16, fileWriteGuid);
        Vhdx.putGuid(bytes, 32, dataWriteGuid);
        Vhdx.putGuid(bytes, 48, logGuid);
        bytes.putShort(66, (short) VERSION);
        bytes.putInt(68, (int) logLength);
        bytes.putLong(72, logOffset);
        bytes.putInt(CHECKSUM_AT, Vhdx.checksum(bytes, CHECKSUM_AT));
        store.write(bytes, place(slot));
    }
}
