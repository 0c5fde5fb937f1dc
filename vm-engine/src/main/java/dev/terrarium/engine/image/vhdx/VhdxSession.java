// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.block.BlockMap;
import dev.terrarium.engine.image.block.MetadataCache;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * What a writer does to the header and the log: new identifiers before the first change, each change of the table first
 * into the log, and no log named by the header once the image is closed in order ([MS-VHDX] 2.2.2, 2.3).
 *
 * <p>Each entry is the only one to be replayed: before the next one is written, a flush has made durable what this one
 * says. An entry takes at most half of the log, so writing the next one leaves it whole.
 */
final class VhdxSession {
    private final ByteStore store;
    private VhdxHeader header;
    private UUID logGuid = Vhdx.NIL;
    private long sequence;
    private long position;

    VhdxSession(ByteStore store, VhdxHeader header) {
        this.store = store;
        this.header = header;
    }

    synchronized void beforeFirstChange() throws IOException {
        header = header.update(store, UUID.randomUUID(), UUID.randomUUID(), Vhdx.NIL);
    }

    /** Table entries, by pages, that go through the log. */
    BlockMap.Commit commit(MetadataCache.Batch batch, long fileSize) {
        return new BlockMap.Commit() {
            @Override
            public boolean empty() {
                return batch.empty();
            }

            @Override
            public void write() throws IOException {
                writeLogged(batch, fileSize);
            }

            @Override
            public void finished(boolean success) {
                batch.finish(success);
            }
        };
    }

    private synchronized void writeLogged(MetadataCache.Batch batch, long fileSize) throws IOException {
        int most = (int) Math.min(VhdxLogEntry.IN_FIRST_PAGE, header.logLength() / Vhdx.PAGE / 2 - 1);
        for (int from = 0; from < batch.size(); from += most) {
            int to = Math.min(batch.size(), from + most);
            if (from > 0) {
                store.flush();
            }
            List<VhdxLogEntry.Page> pages = new ArrayList<>();
            for (int i = from; i < to; i++) {
                pages.add(new VhdxLogEntry.Page(batch.position(i), batch.bytes(i)));
            }
            log(pages, fileSize);
            batch.write(from, to);
        }
    }

    private void log(List<VhdxLogEntry.Page> pages, long fileSize) throws IOException {
        boolean first = logGuid.equals(Vhdx.NIL);
        if (first) {
            logGuid = UUID.randomUUID();
        }
        ByteBuffer bytes = VhdxLogEntry.encode(pages, position, ++sequence, logGuid, fileSize);
        int length = bytes.capacity();
        int there = (int) Math.min(length, header.logLength() - position);
        store.write(bytes.limit(there), header.logOffset() + position);
        if (there < length) {
            store.write(bytes.limit(length), header.logOffset());
        }
        store.flush();
        position = (position + length) % header.logLength();
        if (first) {
            // Only now, so that whoever finds the log named finds an entry in it.
            header = header.update(store, header.fileWriteGuid(), header.dataWriteGuid(), logGuid);
        }
    }

    /** After the last commit. */
    synchronized void close() throws IOException {
        if (!header.logGuid().equals(Vhdx.NIL)) {
            store.flush();
            header = header.update(store, header.fileWriteGuid(), header.dataWriteGuid(), Vhdx.NIL);
        }
    }
}
