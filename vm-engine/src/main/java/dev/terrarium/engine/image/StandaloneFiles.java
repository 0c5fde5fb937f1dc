// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Opens an image without what it stands on, of which every byte then reads as zero and counts as not present. */
public final class StandaloneFiles implements ImageFiles {
    private final FolderFiles files;

    private StandaloneFiles(FolderFiles files) {
        this.files = files;
    }

    /** As {@link ImageFormats#open}, without backing images. */
    public static DiskImage open(Path path, String format, boolean readOnly, AllowedFolders allowed)
            throws TerrariumException, IOException {
        ByteStore store = FileByteStore.open(path, readOnly);
        ImageFormat opener;
        try {
            opener = format.isEmpty()
                    ? ImageFormats.probe(store).orElse(ImageFormats.byName("raw"))
                    : ImageFormats.byName(format);
        } catch (TerrariumException | IOException e) {
            store.close();
            throw e;
        }
        return opener.open(path, store, readOnly, new StandaloneFiles(FolderFiles.forNew(path, allowed)));
    }

    @Override
    public ByteStore openBytes(Path base, String name, boolean readOnly) throws TerrariumException, IOException {
        return files.openBytes(base, name, readOnly);
    }

    @Override
    public ByteStore createBytes(Path base, String name) throws TerrariumException, IOException {
        return files.createBytes(base, name);
    }

    @Override
    public DiskImage openImage(Path base, String name, String format) {
        return new Absent();
    }

    /** A disk of no bytes. */
    private static final class Absent implements DiskImage {
        @Override
        public long size() {
            return 0;
        }

        @Override
        public boolean readOnly() {
            return true;
        }

        @Override
        public void read(ByteBuffer target, long position) throws IOException {
            DiskRange.check(this, position, target.remaining());
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            DiskRange.checkWrite(this, position, source.remaining());
        }

        @Override
        public void writeZeroes(long position, long length, boolean release) throws IOException {
            DiskRange.checkWrite(this, position, length);
        }

        @Override
        public void discard(long position, long length) throws IOException {
            DiskRange.checkWrite(this, position, length);
        }

        @Override
        public void flush() {}

        @Override
        public Extent extentAt(long position, long length) {
            return new Extent(position, length, 0, false, true, false, false, OptionalLong.empty());
        }

        @Override
        public void close() {}
    }
}
