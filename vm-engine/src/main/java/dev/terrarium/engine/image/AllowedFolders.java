// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the files that an image names may lie, besides the image's own folder. Symbolic links are followed before a file
 * is judged, so that a link does not lead out.
 */
public final class AllowedFolders {
    private static final AllowedFolders OWN = new AllowedFolders(List.of(), false);
    private static final AllowedFolders EVERYWHERE = new AllowedFolders(List.of(), true);

    private final List<Path> folders;
    private final boolean everywhere;

    private AllowedFolders(List<Path> folders, boolean everywhere) {
        this.folders = List.copyOf(folders);
        this.everywhere = everywhere;
    }

    /** The image's own folder alone. */
    public static AllowedFolders own() {
        return OWN;
    }

    /** Anywhere: for someone who was asked and agreed. */
    public static AllowedFolders everywhere() {
        return EVERYWHERE;
    }

    /** These, and {@code folder} with the folders inside it, or the one file if it is one. */
    public AllowedFolders and(Path folder) {
        List<Path> more = new ArrayList<>(folders);
        more.add(folder);
        return new AllowedFolders(more, everywhere);
    }

    /** These and what is in the folder of a file. */
    AllowedFolders andFolderOf(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder == null ? this : and(folder);
    }

    /**
     * Refuses a file that lies elsewhere.
     *
     * @param base the image that names it
     */
    void require(Path base, Path file) throws TerrariumException {
        if (everywhere) {
            return;
        }
        Path real = resolve(file);
        for (Path folder : folders) {
            if (real.startsWith(resolve(folder))) {
                return;
            }
        }
        throw new TerrariumException(base + " stands on " + file + ", which is outside its folder: open it only if you"
                + " trust " + base.getFileName() + ", by allowing that folder");
    }

    /** The file with links followed, as far as it exists. */
    private static Path resolve(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        try {
            return absolute.toRealPath();
        } catch (IOException e) {
            // It is not there yet, or may not be looked at: its folder decides, and opening it says what is wrong.
            Path folder = absolute.getParent();
            Path name = absolute.getFileName();
            return folder == null || name == null ? absolute : resolve(folder).resolve(name);
        }
    }
}
