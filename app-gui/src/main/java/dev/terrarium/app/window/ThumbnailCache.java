// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.Snapshot;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import javafx.scene.image.Image;
import javafx.util.Subscription;

/** Pictures of snapshots, read in the background and scaled down; the last hundred are kept. */
final class ThumbnailCache {
    private static final int MOST = 100;
    /** Twice what a row shows, for screens with fine pixels. */
    private static final double WIDTH = 640;

    private final Map<UUID, Image> pictures = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<UUID, Image> eldest) {
            return size() > MOST;
        }
    };

    /** Shows a snapshot's picture as soon as it is read. */
    Subscription show(Snapshot snapshot, Thumbnail thumbnail) {
        thumbnail.show(SnapshotRow.placeholder(snapshot));
        if (snapshot.picture().isEmpty()) {
            return Subscription.EMPTY;
        }
        Image picture = pictures.computeIfAbsent(
                snapshot.id(),
                id -> new Image(snapshot.picture().get().toUri().toString(), WIDTH, 0, true, true, true));
        return picture.progressProperty().subscribe(progress -> {
            if (progress.doubleValue() >= 1 && !picture.isError()) {
                thumbnail.show(picture);
            }
        });
    }
}
