// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The list of snapshots in an image (specification, snapshots). */
final class SnapshotTable {
    /** QEMU's limit. */
    static final int MOST_SNAPSHOTS = 65_536;

    private static final int FIXED = 40;
    private static final int KNOWN_EXTRA = 16;
    private static final int MOST_EXTRA = 1024;
    private static final int LARGEST_TABLE = 64 << 20;

    private SnapshotTable() {}

    /** All of them, and how many bytes they take. */
    record Contents(List<Snapshot> snapshots, int length) {}

    static Contents read(Path path, ByteStore store, Header header) throws TerrariumException, IOException {
        List<Snapshot> snapshots = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < header.snapshotCount; i++) {
            ByteBuffer fixed = ByteBuffer.allocate(FIXED);
            store.read(fixed, header.snapshotsOffset + at);
            fixed.flip();
            int extraLength = fixed.getInt(36);
            int idLength = fixed.getShort(12) & 0xFFFF;
            int nameLength = fixed.getShort(14) & 0xFFFF;
            if (extraLength < 0 || extraLength > MOST_EXTRA) {
                throw Damage.of(path, "a snapshot with " + Integer.toUnsignedString(extraLength) + " bytes of data");
            }
            ByteBuffer rest = ByteBuffer.allocate(extraLength + idLength + nameLength);
            store.read(rest, header.snapshotsOffset + at + FIXED);
            Snapshot snapshot = parse(fixed, rest.flip(), extraLength, idLength, nameLength, header.size);
            judge(path, header, snapshot);
            snapshots.add(snapshot);
            at += (FIXED + rest.capacity() + 7) / 8 * 8;
            if (at > LARGEST_TABLE) {
                throw Damage.of(path, "a snapshot table of more than " + LARGEST_TABLE + " bytes");
            }
        }
        return new Contents(List.copyOf(snapshots), at);
    }

    private static Snapshot parse(
            ByteBuffer fixed, ByteBuffer rest, int extraLength, int idLength, int nameLength, long diskSize) {
        long state = extraLength >= 8 ? rest.getLong(0) : Integer.toUnsignedLong(fixed.getInt(32));
        boolean hasDiskSize = extraLength >= KNOWN_EXTRA;
        byte[] all = rest.array();
        return new Snapshot(
                fixed.getLong(0),
                fixed.getInt(8),
                new String(all, extraLength, idLength, StandardCharsets.UTF_8),
                new String(all, extraLength + idLength, nameLength, StandardCharsets.UTF_8),
                fixed.getInt(16),
                fixed.getInt(20),
                fixed.getLong(24),
                state,
                hasDiskSize ? rest.getLong(8) : diskSize,
                hasDiskSize,
                extraLength > KNOWN_EXTRA ? Arrays.copyOfRange(all, KNOWN_EXTRA, extraLength) : new byte[0]);
    }

    private static void judge(Path path, Header header, Snapshot snapshot) throws TerrariumException {
        Geometry geometry = header.geometry();
        int most = Geometry.LARGEST_L1_BYTES / 8;
        if (snapshot.l1Size() < 0 || snapshot.l1Size() > most) {
            throw Damage.of(
                    path, "a snapshot with an L1 table of " + Integer.toUnsignedString(snapshot.l1Size()) + " entries");
        }
        if (snapshot.l1Size() > 0 && (snapshot.l1Offset() <= 0 || !geometry.aligned(snapshot.l1Offset()))) {
            throw Damage.of(path, "a snapshot with an L1 table at 0x" + Long.toHexString(snapshot.l1Offset()));
        }
        if (snapshot.diskSize() < 0 || geometry.tablesFor(snapshot.diskSize()) > most) {
            throw Damage.of(path, "a snapshot of " + Long.toUnsignedString(snapshot.diskSize()) + " bytes");
        }
    }

    static byte[] encode(List<Snapshot> snapshots) {
        List<byte[]> entries = new ArrayList<>();
        int length = 0;
        for (Snapshot each : snapshots) {
            byte[] entry = encode(each);
            entries.add(entry);
            length += entry.length;
        }
        ByteBuffer bytes = ByteBuffer.allocate(length);
        entries.forEach(bytes::put);
        return bytes.array();
    }

    private static byte[] encode(Snapshot snapshot) {
        byte[] id = snapshot.id().getBytes(StandardCharsets.UTF_8);
        byte[] name = snapshot.name().getBytes(StandardCharsets.UTF_8);
        int extra = KNOWN_EXTRA + snapshot.extra().length;
        ByteBuffer bytes = ByteBuffer.allocate((FIXED + extra + id.length + name.length + 7) / 8 * 8);
        bytes.putLong(snapshot.l1Offset())
                .putInt(snapshot.l1Size())
                .putShort((short) id.length)
                .putShort((short) name.length)
                .putInt(snapshot.seconds())
                .putInt(snapshot.nanos())
                .putLong(snapshot.vmClockNanos())
                .putInt((int) Math.min(snapshot.vmStateSize(), 0xFFFF_FFFFL))
                .putInt(extra)
                .putLong(snapshot.vmStateSize())
                .putLong(snapshot.diskSize())
                .put(snapshot.extra())
                .put(id)
                .put(name);
        return bytes.array();
    }
}
