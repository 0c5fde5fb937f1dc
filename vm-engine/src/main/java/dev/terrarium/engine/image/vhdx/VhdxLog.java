// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a writer that was cut off had put into the log, and may not have done yet ([MS-VHDX] 2.3.3, Log Replay). */
final class VhdxLog {
    /** As many times the length of the log as may be read: entries that claim to lie in one another are no log. */
    private static final int MOST_PASSES = 8;

    private static final int MOST_ATTEMPTS = 64;
    private static final long LARGEST_FILE = 1L << 47;

    private VhdxLog() {}

    /** The entries to replay, in their order; none if the image was closed in order, or nothing was logged yet. */
    static List<VhdxLogEntry> pending(Path path, ByteStore store, VhdxHeader header)
            throws TerrariumException, IOException {
        if (header.logGuid().equals(Vhdx.NIL)) {
            return List.of();
        }
        Map<Long, VhdxLogEntry> entries = entries(path, store, header);
        List<VhdxLogEntry> newest = new ArrayList<>(entries.values());
        newest.sort(Comparator.comparingLong(VhdxLogEntry::sequence).reversed());
        for (VhdxLogEntry head : newest.subList(0, Math.min(MOST_ATTEMPTS, newest.size()))) {
            List<VhdxLogEntry> sequence = sequence(head, entries, header.logLength());
            if (!sequence.isEmpty()) {
                if (store.size() < head.flushedSize() || head.lastSize() > LARGEST_FILE) {
                    throw Vhdx.damaged(path, "it is shorter than its log says");
                }
                return sequence;
            }
        }
        return List.of();
    }

    private static Map<Long, VhdxLogEntry> entries(Path path, ByteStore store, VhdxHeader header)
            throws TerrariumException, IOException {
        Map<Long, VhdxLogEntry> entries = new HashMap<>();
        long budget = header.logLength() * MOST_PASSES;
        for (long position = 0; position < header.logLength(); position += Vhdx.PAGE) {
            // What was never written holds no entry.
            long data = store.nextData(header.logOffset() + position) - header.logOffset();
            position = Math.max(position, data / Vhdx.PAGE * Vhdx.PAGE);
            if (position >= header.logLength()) {
                break;
            }
            budget -= VhdxLogEntry.claimedLength(store, header, position);
            if (budget < 0) {
                throw Vhdx.damaged(path, "its log has entries within one another");
            }
            @Nullable VhdxLogEntry entry = VhdxLogEntry.read(store, header, position);
            if (entry != null) {
                entries.put(position, entry);
            }
        }
        return entries;
    }

    /** From the entry that {@code head} calls its tail up to itself, numbered without a gap; empty if it is not so. */
    private static List<VhdxLogEntry> sequence(VhdxLogEntry head, Map<Long, VhdxLogEntry> entries, long logLength) {
        List<VhdxLogEntry> found = new ArrayList<>();
        long position = head.tail();
        while (true) {
            @Nullable VhdxLogEntry entry = entries.get(position);
            boolean follows = entry != null
                    && (found.isEmpty() || entry.sequence() == found.getLast().sequence() + 1)
                    && entry.sequence() <= head.sequence();
            if (entry == null || !follows) {
                return List.of();
            }
            found.add(entry);
            if (entry.position() == head.position()) {
                return Collections.unmodifiableList(found);
            }
            position = (position + entry.length()) % logLength;
        }
    }

    /** Replays entries into the file, durably; the header may be cleared of its log afterwards. */
    static void replay(List<VhdxLogEntry> entries, ByteStore store, VhdxHeader header) throws IOException {
        for (VhdxLogEntry entry : entries) {
            if (entry.lastSize() > store.size()) {
                store.truncate(entry.lastSize());
            }
            entry.replay(store, header, new VhdxLogEntry.Target() {
                @Override
                public void page(long position, byte[] bytes) throws IOException {
                    store.write(ByteBuffer.wrap(bytes), position);
                }

                @Override
                public void zeros(long position, long length) throws IOException {
                    store.punchHole(position, length);
                }
            });
        }
        store.flush();
    }
}
