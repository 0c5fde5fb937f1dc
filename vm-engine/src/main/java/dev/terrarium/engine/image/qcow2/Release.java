// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives uses of clusters back whose end is durable. Those that nothing uses any more are punched, many in a row at once,
 * and only then counted as free: in this order, since a free cluster may be written at once. For the holder of the
 * metadata's lock, while no request is under way.
 */
final class Release implements ClusterAction {
    private static final Logger LOG = LoggerFactory.getLogger(Release.class);

    private final Metadata metadata;
    private long first;
    private long count;

    Release(Metadata metadata) {
        this.metadata = metadata;
        metadata.decompressed = null;
    }

    @Override
    public void accept(long cluster) throws IOException {
        metadata.forgetTail(cluster);
        if (metadata.refcounts.get(cluster) != 1) {
            metadata.refcounts.decrement(cluster);
            return;
        }
        if (count > 0 && cluster != first + count) {
            finish();
        }
        if (count == 0) {
            first = cluster;
        }
        count++;
    }

    /** To be called at the end. */
    void finish() throws IOException {
        if (count > 0) {
            Geometry geometry = metadata.geometry;
            try {
                metadata.store.punchHole(geometry.offset(first), geometry.offset(count));
            } catch (IOException e) {
                // The change is durable, so this is no failure of it: a later checkpoint gives them back.
                LOG.info("{}: {} clusters stay used for now: {}", metadata.path, count, e.getMessage());
                for (long each = first; each < first + count; each++) {
                    metadata.drop(each);
                }
                count = 0;
                return;
            }
            for (long each = first; each < first + count; each++) {
                metadata.tables.forget(geometry.offset(each));
                metadata.refcounts.decrement(each);
            }
        }
        count = 0;
    }
}
