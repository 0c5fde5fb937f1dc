// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.block;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;

/** Table entries that are written in place: each lies within one sector, so each is there or not. */
public record TableCommit(MetadataCache.Batch batch, ByteStore store) implements BlockMap.Commit {
    @Override
    public boolean empty() {
        return batch.empty();
    }

    @Override
    public void write() throws IOException {
        batch.write();
        store.flush();
    }

    @Override
    public void finished(boolean success) {
        batch.finish(success);
    }
}
