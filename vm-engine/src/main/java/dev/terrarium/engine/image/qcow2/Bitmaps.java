// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The dirty bitmaps in an image (specification, bitmaps extension). They are not kept up to date here: one that would
 * have to follow the guest's writes (auto) is marked as in use, which says that it is out of date; the others stay right.
 */
final class Bitmaps {
    private static final Logger LOG = LoggerFactory.getLogger(Bitmaps.class);
    private static final int EXTENSION = 24;
    private static final int FIXED = 24;
    private static final int MOST_BITMAPS = 65_535;
    private static final int LARGEST_DIRECTORY = 64 << 20;
    private static final int IN_USE = 1;
    private static final int AUTO = 2;

    private Bitmaps() {}

    /**
     * One bitmap.
     *
     * @param at where in the file its directory entry begins
     */
    record Bitmap(long at, long tableOffset, int tableSize, int flags, int granularityBits, String name) {
        boolean inUse() {
            return (flags & IN_USE) != 0;
        }

        boolean auto() {
            return (flags & AUTO) != 0;
        }
    }

    /** Where the directory is. */
    record Directory(long offset, long length, List<Bitmap> bitmaps) {}

    /** The bitmaps, or nothing if there are none or the image says that they are not consistent. */
    static Optional<Directory> read(ByteStore store, Header header) throws IOException {
        Optional<Extension> extension = header.extension(Extension.BITMAPS);
        if (extension.isEmpty() || (header.autoclear & Features.BITMAPS) == 0) {
            return Optional.empty();
        }
        if (extension.get().data().length < EXTENSION) {
            throw Damage.found("a bitmaps extension of " + extension.get().data().length + " bytes");
        }
        ByteBuffer fields = ByteBuffer.wrap(extension.get().data());
        int count = fields.getInt(0);
        long length = fields.getLong(8);
        long offset = fields.getLong(16);
        if (count < 1
                || count > MOST_BITMAPS
                || length < (long) count * FIXED
                || length > LARGEST_DIRECTORY
                || offset <= 0
                || !header.geometry().aligned(offset)
                || offset > store.size()) {
            throw Damage.found("a bitmap directory that cannot be");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) length);
        store.read(bytes, offset);
        List<Bitmap> bitmaps = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < count; i++) {
            if (at + FIXED > length) {
                throw Damage.found("a bitmap directory that ends early");
            }
            long nameLength = bytes.getShort(at + 18) & 0xFFFF;
            long extra = Integer.toUnsignedLong(bytes.getInt(at + 20));
            if (at + FIXED + extra + nameLength > length) {
                throw Damage.found("a bitmap directory that ends early");
            }
            int tableSize = bytes.getInt(at + 8);
            long tableOffset = bytes.getLong(at);
            if (tableSize < 0
                    || tableSize > LARGEST_DIRECTORY / 8
                    || !header.geometry().aligned(tableOffset)) {
                throw Damage.found("a bitmap's table that cannot be");
            }
            String name = new String(bytes.array(), at + FIXED + (int) extra, (int) nameLength, StandardCharsets.UTF_8);
            bitmaps.add(
                    new Bitmap(offset + at, tableOffset, tableSize, bytes.getInt(at + 12), bytes.get(at + 17), name));
            at += (int) ((FIXED + extra + nameLength + 7) / 8 * 8);
        }
        return Optional.of(new Directory(offset, length, bitmaps));
    }

    /** Marks those that will be out of date. False if they cannot be trusted: then the extension has to go. */
    static boolean markInUse(Metadata metadata) throws IOException {
        Optional<Directory> directory;
        try {
            directory = read(metadata.store, metadata.header);
        } catch (IOException e) {
            LOG.warn("{}: its bitmaps cannot be used and are dropped", metadata.path, e);
            return false;
        }
        if (directory.isEmpty()) {
            return false;
        }
        for (Bitmap each : directory.get().bitmaps()) {
            if (each.auto() && !each.inUse()) {
                ByteBuffer flags = ByteBuffer.allocate(4).putInt(0, each.flags() | IN_USE);
                metadata.store.write(flags, each.at() + 12);
            }
        }
        metadata.store.flush();
        return true;
    }
}
