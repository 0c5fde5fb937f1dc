// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.qcow2.Qcow2Format;
import dev.terrarium.engine.image.raw.RawFormat;
import dev.terrarium.engine.image.vdi.VdiFormat;
import dev.terrarium.engine.image.vhd.VhdFormat;
import dev.terrarium.engine.image.vhdx.VhdxFormat;
import dev.terrarium.engine.image.vmdk.VmdkFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The formats there are. */
public final class ImageFormats {
    /** Bytes of a file's beginning and end by which {@link ImageFormat#recognises} judges. */
    public static final int HEAD_BYTES = 1 << 16;

    public static final int TAIL_BYTES = 512;

    /** Raw recognises nothing; of the others, those with a magic number at the beginning come first. */
    private static final List<ImageFormat> ALL = List.of(
            new RawFormat(), new Qcow2Format(), new VdiFormat(), new VhdxFormat(), new VmdkFormat(), new VhdFormat());

    private ImageFormats() {}

    /** All of them, raw first. */
    public static List<ImageFormat> all() {
        return ALL;
    }

    /**
     * The format of a name.
     *
     * @throws TerrariumException if there is none; names those that there are
     */
    public static ImageFormat byName(String name) throws TerrariumException {
        for (ImageFormat format : ALL) {
            if (format.name().equals(name)) {
                return format;
            }
        }
        throw new TerrariumException("there is no image format \"" + name + "\": use one of "
                + String.join(", ", ALL.stream().map(ImageFormat::name).toList()));
    }

    /** The format whose mark a store bears. Raw has none, and is never the answer. */
    public static Optional<ImageFormat> probe(ByteStore store) throws IOException {
        long size = store.size();
        ByteBuffer head = ByteBuffer.allocate((int) Math.min(HEAD_BYTES, size));
        store.read(head, 0);
        ByteBuffer tail = ByteBuffer.allocate((int) Math.min(TAIL_BYTES, size));
        store.read(tail, size - tail.capacity());
        return probe(head.array(), tail.array());
    }

    /** As {@link #probe(ByteStore)}, of a file that may be in use by a machine of this process. */
    public static Optional<ImageFormat> probe(Path file) throws TerrariumException {
        return probe(ImageFile.head(file, HEAD_BYTES).bytes(), ImageFile.tail(file, TAIL_BYTES));
    }

    private static Optional<ImageFormat> probe(byte[] head, byte[] tail) {
        return ALL.stream().filter(format -> format.recognises(head, tail)).findFirst();
    }

    /**
     * Opens an image with all that it stands on.
     *
     * @param format its format's name; if empty, what it bears the mark of, else raw: leave it empty only for a file that
     *     no guest could have written the mark of another format to
     * @throws TerrariumException if it is missing, in use, damaged, or stands on something that {@code allowed} does not
     *     cover
     */
    public static DiskImage open(Path path, String format, boolean readOnly, AllowedFolders allowed)
            throws TerrariumException, IOException {
        return new FolderFiles(allowed).open(path, format, readOnly);
    }

    /** Opens a raw image that other machines may write at the same time, if they open it this way. */
    public static DiskImage openShared(Path path) throws TerrariumException, IOException {
        return ALL.getFirst().open(path, FileByteStore.openShared(path), false, new FolderFiles(AllowedFolders.own()));
    }

    /**
     * Makes an empty image in a file of its own, which must not exist; nothing of it stays if that fails.
     *
     * @param size bytes of the disk
     * @param options by qemu-img's names
     */
    public static void create(Path path, String format, long size, Map<String, String> options, AllowedFolders allowed)
            throws TerrariumException, IOException {
        ImageFormat maker = byName(format);
        boolean done = false;
        try (ByteStore store = FileByteStore.create(path)) {
            maker.create(path, store, size, options, FolderFiles.forNew(path, allowed));
            done = true;
        } finally {
            if (!done) {
                Files.deleteIfExists(path);
            }
        }
    }
}
