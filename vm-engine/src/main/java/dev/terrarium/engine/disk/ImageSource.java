// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.disk;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.FileByteStore;
import dev.terrarium.engine.image.ImageFormat;
import dev.terrarium.engine.image.ImageFormats;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * An image file and how to open it.
 *
 * @param format qemu-img's word; empty to find out by the file's content, else raw
 * @param allowed folders and files, besides the image's own folder, that it may stand on; a file named by a person is one
 */
public record ImageSource(Path path, String format, List<Path> allowed) {
    public ImageSource {
        allowed = List.copyOf(allowed);
    }

    /** An image of a format that is found out, standing on nothing outside its folder. */
    public static ImageSource of(Path path) {
        return new ImageSource(path, "", List.of());
    }

    AllowedFolders folders() {
        AllowedFolders folders = AllowedFolders.own();
        for (Path each : allowed) {
            folders = folders.and(each);
        }
        return folders;
    }

    DiskImage open(boolean readOnly) throws TerrariumException, IOException {
        return ImageFormats.open(path, format, readOnly, folders());
    }

    ImageFormat resolvedFormat() throws TerrariumException, IOException {
        if (!format.isEmpty()) {
            return ImageFormats.byName(format);
        }
        try (FileByteStore store = FileByteStore.open(path, true)) {
            return ImageFormats.probe(store).orElse(ImageFormats.byName("raw"));
        }
    }
}
