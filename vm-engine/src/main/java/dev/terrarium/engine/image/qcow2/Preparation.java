// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.util.Optional;

/**
 * What an image's header says while the image is being changed: the dirty bit if refcounts are postponed, and nothing of
 * features that do not follow the changes (specification, autoclear_features).
 */
final class Preparation {
    private Preparation() {}

    /** Before the first change; for the holder of the metadata's lock. */
    static void run(Metadata metadata) throws IOException {
        Header header = metadata.header;
        boolean all = false;
        boolean fields = (header.autoclear & ~Features.KNOWN_AUTOCLEAR) != 0;
        header.autoclear &= Features.KNOWN_AUTOCLEAR;
        if (header.extension(Extension.BITMAPS).isPresent() && !Bitmaps.markInUse(metadata)) {
            header.autoclear &= ~Features.BITMAPS;
            header.replace(Extension.BITMAPS, Optional.empty());
            all = true;
        }
        if (header.lazyRefcounts() && (header.incompatible & Features.DIRTY) == 0) {
            header.incompatible |= Features.DIRTY;
            fields = true;
        }
        try {
            if (all) {
                header.writeAll(metadata.path, metadata.store);
            } else if (fields) {
                header.writeFields(metadata.store);
                metadata.store.flush();
            }
        } catch (TerrariumException e) {
            throw new IOException(e.getMessage(), e);
        }
        metadata.setPrepared(true);
    }

    /** Before tables change in a way that a cut would not forgive: whoever opens the image after one counts anew. */
    static void begin(Metadata metadata) throws IOException {
        metadata.unsound = true;
        setDirty(metadata, metadata.geometry.version() >= 3);
    }

    /** After all refcounts are durable and right. */
    static void end(Metadata metadata) throws IOException {
        metadata.unsound = false;
        setDirty(metadata, false);
        if (metadata.header.lazyRefcounts()) {
            metadata.setPrepared(false);
        }
    }

    private static void setDirty(Metadata metadata, boolean dirty) throws IOException {
        metadata.lock.lock();
        try {
            Header header = metadata.header;
            long changed = dirty ? header.incompatible | Features.DIRTY : header.incompatible & ~Features.DIRTY;
            if (changed != header.incompatible) {
                header.incompatible = changed;
                header.writeFields(metadata.store);
                metadata.store.flush();
            }
        } finally {
            metadata.lock.unlock();
        }
    }
}
