// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** One format of disk images. Implementations have no state; {@code ImageFormats} lists them. */
public interface ImageFormat {
    /** qemu-img's word for it: {@code raw}, {@code qcow2}, {@code vmdk}, {@code vdi}, {@code vpc}, {@code vhdx}. */
    String name();

    /** Whether a file that begins with {@code head} (up to 64 KiB) and ends with {@code tail} (512 bytes) is of this format. */
    boolean recognises(byte[] head, byte[] tail);

    /**
     * Opens an image.
     *
     * @param path where it is, for messages and for files named relative to it
     * @param store its bytes; belongs to the image from now on, and is closed if opening fails
     * @param files opens further files of the image (extents, a backing image, an external data file)
     * @throws TerrariumException if it is damaged or wants something unknown; says what and what to do
     */
    DiskImage open(Path path, ByteStore store, boolean readOnly, ImageFiles files)
            throws TerrariumException, IOException;

    /**
     * Writes an empty image.
     *
     * @param path where it will be, for messages and for files named relative to it
     * @param store empty; stays the caller's
     * @param size bytes of the guest's disk
     * @param options by qemu-img's names ({@code -o cluster_size=...}); an unknown one is refused by name
     */
    void create(Path path, ByteStore store, long size, Map<String, String> options, ImageFiles files)
            throws TerrariumException, IOException;

    /** The names of {@link #create}'s options, each with one line of help. */
    Map<String, String> createOptions();

    /** What is particular to this format, in the words and order of {@code qemu-img info}. */
    default Map<String, Object> details(DiskImage image) {
        return Map.of();
    }

    /** Errors found, none if the image is sound; mended if {@code repair} and it can be done without losing data. */
    default List<String> check(Path path, ByteStore store, boolean repair, ImageFiles files)
            throws TerrariumException, IOException {
        throw new TerrariumException(
                "Images of the format " + name() + " cannot be checked: convert it to qcow2 first");
    }

    /** As {@link #check}, with figures. Formats without any of their own give the errors alone. */
    default CheckReport examine(Path path, ByteStore store, CheckReport.Repair repair, ImageFiles files)
            throws TerrariumException, IOException {
        return CheckReport.ofErrors(check(path, store, repair == CheckReport.Repair.ALL, files));
    }

    /** Bytes of an image's clusters (grains, blocks); 0 if it has none. */
    default int clusterSize(DiskImage image) {
        return 0;
    }

    /** Whether an image says that it was not closed. */
    default boolean isDirty(DiskImage image) {
        return false;
    }
}
