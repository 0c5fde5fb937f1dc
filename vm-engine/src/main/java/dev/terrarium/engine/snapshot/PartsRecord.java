// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.snapshot;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * What {@code snapshots/ID/snapshot.json} holds: the files beside it. {@code memory} has a checksum a page in itself, and its length
 * alone is here.
 */
record PartsRecord(UUID id, TreeRecord.Node snapshot, List<Part> parts) {
    static final String FILE = "snapshot.json";
    static final String MEMORY = "memory";
    private static final long UNCHECKED = -1;
    private static final int CHUNK = 1 << 20;

    PartsRecord {
        parts = List.copyOf(parts);
    }

    /** @param crc32c of the whole file; -1 of one that has checksums itself */
    record Part(String name, long length, long crc32c) {}

    static PartsRecord of(TreeRecord.Node node, Path folder, List<String> names) throws TerrariumException {
        List<Part> parts = new ArrayList<>();
        for (String name : names) {
            parts.add(part(folder, name));
        }
        return new PartsRecord(node.id(), node, parts);
    }

    private static Part part(Path folder, String name) throws TerrariumException {
        Path file = folder.resolve(name);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new Part(name, channel.size(), name.equals(MEMORY) ? UNCHECKED : checksum(channel));
        } catch (IOException e) {
            throw new TerrariumException(
                    file + " cannot be read (" + e + "): take the snapshot's folder from a backup, or delete it", e);
        }
    }

    private static long checksum(FileChannel channel) throws IOException {
        CRC32C crc = new CRC32C();
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
        while (channel.read(buffer) >= 0) {
            crc.update(buffer.flip());
            buffer.clear();
        }
        return crc.getValue();
    }

    /** Refuses a folder in which a part is not what was written. Of the memory only the length is looked at here. */
    void verify(Path folder) throws TerrariumException {
        for (Part then : parts) {
            if (!part(folder, then.name).equals(then)) {
                throw new TerrariumException(
                        folder.resolve(then.name)
                                + " is corrupt (it has another checksum): take the snapshot's folder from a backup, or delete it");
            }
        }
    }

    boolean has(String name) {
        return parts.stream().anyMatch(each -> each.name.equals(name));
    }
}
