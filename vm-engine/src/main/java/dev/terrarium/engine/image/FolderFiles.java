// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The files of the host, as far as a caller allows; knows the chain of images down to here, so that none has a loop. */
public final class FolderFiles implements ImageFiles {
    /** As many images as may stand on one another. */
    public static final int LONGEST_CHAIN = 200;

    private final AllowedFolders allowed;
    private final List<Object> chain;

    public FolderFiles(AllowedFolders allowed) {
        this(allowed, List.of());
    }

    private FolderFiles(AllowedFolders allowed, List<Object> chain) {
        this.allowed = allowed;
        this.chain = chain;
    }

    /** What files of an image that is not there yet may be opened. */
    public static FolderFiles forNew(Path image, AllowedFolders allowed) {
        return new FolderFiles(allowed.andFolderOf(image));
    }

    /** As {@link ImageFormats#open}. */
    DiskImage open(Path path, String format, boolean readOnly) throws TerrariumException, IOException {
        FolderFiles own = new FolderFiles(allowed.andFolderOf(path), List.of(ImageFile.identify(path)));
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
        return opener.open(path, store, readOnly, own);
    }

    @Override
    public ByteStore openBytes(Path base, String name, boolean readOnly) throws TerrariumException, IOException {
        Path path = path(base, name);
        allowed.require(base, path);
        return FileByteStore.open(path, readOnly);
    }

    @Override
    public ByteStore createBytes(Path base, String name) throws TerrariumException, IOException {
        Path path = path(base, name);
        allowed.require(base, path);
        return FileByteStore.create(path);
    }

    @Override
    public DiskImage openImage(Path base, String name, String format) throws TerrariumException, IOException {
        Path path = path(base, name);
        allowed.require(base, path);
        if (!Files.exists(path)) {
            throw new TerrariumException(
                    base + " stands on " + path + ", which does not exist: put it back, or rebase the image");
        }
        Object key = ImageFile.identify(path);
        if (chain.contains(key)) {
            throw new TerrariumException(base + " stands on " + path + ", which stands on it: rebase one of them");
        }
        if (chain.size() >= LONGEST_CHAIN) {
            throw new TerrariumException(base + " stands on more than " + LONGEST_CHAIN
                    + " other images: commit some of them into those below");
        }
        List<Object> longer = new ArrayList<>(chain);
        longer.add(key);
        ByteStore store = FileByteStore.open(path, true);
        ImageFormat opener;
        try {
            opener = format.isEmpty() ? recognised(base, path, store) : ImageFormats.byName(format);
        } catch (TerrariumException | IOException e) {
            store.close();
            throw e;
        }
        return opener.open(path, store, true, new FolderFiles(allowed, List.copyOf(longer)));
    }

    private static ImageFormat recognised(Path base, Path path, ByteStore store)
            throws TerrariumException, IOException {
        Optional<ImageFormat> found = ImageFormats.probe(store);
        if (found.isEmpty()) {
            throw new TerrariumException(base + " does not say of what format its backing file " + path
                    + " is: if it is raw, say so with terrarium image rebase -u -b " + path + " -F raw " + base);
        }
        return found.get();
    }

    private static Path path(Path base, String name) throws TerrariumException {
        String plain = name.startsWith("file:") ? name.substring("file:".length()) : name;
        if (name.startsWith("json:") || plain.matches("[A-Za-z][A-Za-z0-9+.-]*:.*")) {
            throw new TerrariumException(
                    base + " stands on \"" + name + "\", which is no file: only files on this computer can be opened");
        }
        try {
            return base.resolveSibling(plain);
        } catch (InvalidPathException e) {
            throw new TerrariumException(base + " names a file that cannot be: rebase the image", e);
        }
    }
}
