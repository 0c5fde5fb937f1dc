// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.media;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.ConvertRequest;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Copies a file into a folder. It appears there when it is whole; whatever ends the copying, nothing half stays. */
public final class Import {
    private static final int THREADS = 4;
    private static final int SPARSE_BYTES = 4096;

    private Import() {}

    /**
     * Copies; runs of zeros become holes.
     *
     * @return the copy
     * @throws TerrariumException if there is such a file already, it cannot be read or written, or {@code progress} ended it
     */
    public static Path copy(Path file, Path folder, Progress progress) throws TerrariumException {
        Path target = folder.resolve(String.valueOf(file.getFileName()));
        if (Files.exists(target)) {
            throw new TerrariumException(target + " is there already: rename one of them");
        }
        Path half = folder.resolve("." + file.getFileName() + ".part");
        try {
            Files.createDirectories(folder);
            try {
                Files.deleteIfExists(half);
                // By the engine, so that an image that a machine has open is refused, and stays locked.
                DiskImages.convert(
                        new ConvertRequest(
                                new ImageSource(file, "raw", List.of()),
                                Optional.empty(),
                                half,
                                "raw",
                                Map.of(),
                                false,
                                THREADS,
                                SPARSE_BYTES,
                                true),
                        progress);
                Files.move(half, target);
            } finally {
                Files.deleteIfExists(half);
            }
            return target;
        } catch (IOException e) {
            throw new TerrariumException(file + " cannot be copied (" + e.getMessage() + "): check both folders", e);
        }
    }
}
