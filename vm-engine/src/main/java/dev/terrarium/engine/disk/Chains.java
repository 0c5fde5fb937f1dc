// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.disk;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.BackedImage;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.Extent;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.ResizableImage;
import dev.terrarium.engine.image.StandaloneFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Changing what images stand on. */
final class Chains {
    private static final int CHUNK = 1 << 20;
    private static final int GRAIN = 4096;

    private Chains() {}

    private static BackedImage backed(DiskImage image, Path path) throws TerrariumException {
        if (image instanceof BackedImage backed) {
            return backed;
        }
        throw new TerrariumException(path + " is of a format that cannot stand on another image: convert it to qcow2");
    }

    /** Names another backing file; unless {@code unsafe}, copies what the two differ in, so that the disk stays as it is. */
    static void rebase(
            ImageSource source, Optional<Path> onto, String name, String format, boolean unsafe, Progress progress)
            throws TerrariumException, IOException {
        if (unsafe) {
            try (DiskImage image = standalone(source, false)) {
                backed(image, source.path()).changeBacking(named(onto, name), named(onto, format));
            }
            return;
        }
        try (DiskImage image = source.open(false)) {
            BackedImage overlay = backed(image, source.path());
            if (onto.isEmpty()) {
                copyDifferences(overlay, Optional.empty(), progress);
            } else {
                try (DiskImage base = ImageFormats.open(onto.get(), format, true, source.folders())) {
                    copyDifferences(overlay, Optional.of(base), progress);
                }
            }
            overlay.flush();
            overlay.changeBacking(named(onto, name), named(onto, format));
        }
    }

    private static Optional<String> named(Optional<Path> onto, String text) {
        return onto.isEmpty() || text.isEmpty() ? Optional.empty() : Optional.of(text);
    }

    private static DiskImage standalone(ImageSource source, boolean readOnly) throws TerrariumException, IOException {
        return StandaloneFiles.open(source.path(), source.format(), readOnly, source.folders());
    }

    private static void copyDifferences(BackedImage overlay, Optional<DiskImage> base, Progress progress)
            throws TerrariumException, IOException {
        for (long at = 0; at < overlay.size(); ) {
            Extent extent = overlay.extentAt(at, Math.min(CHUNK, overlay.size() - at));
            if (extent.depth() > 0 || !extent.present()) {
                copyDifference(overlay, base, at, (int) extent.length());
            }
            at += extent.length();
            go(progress, at, overlay.size());
        }
    }

    private static void go(Progress progress, long done, long total) throws TerrariumException {
        if (!progress.at(done, total)) {
            throw new TerrariumException("it was cancelled: start it again");
        }
    }

    private static void copyDifference(BackedImage overlay, Optional<DiskImage> base, long position, int length)
            throws IOException {
        byte[] now = read(overlay, position, length);
        byte[] then = new byte[length];
        if (base.isPresent() && position < base.get().size()) {
            int there = (int) Math.min(length, base.get().size() - position);
            base.get().read(ByteBuffer.wrap(then, 0, there), position);
        }
        for (int at = 0; at < length; at += GRAIN) {
            int end = Math.min(length, at + GRAIN);
            if (!Arrays.equals(now, at, end, then, at, end)) {
                if (Converter.isZero(now, at, end)) {
                    overlay.writeZeroes(position + at, end - at, true);
                } else {
                    overlay.write(ByteBuffer.wrap(now, at, end - at), position + at);
                }
            }
        }
    }

    private static byte[] read(DiskImage image, long position, int length) throws IOException {
        byte[] bytes = new byte[length];
        image.read(ByteBuffer.wrap(bytes), position);
        return bytes;
    }

    /** Writes what an image holds into its backing image, and forgets it here if told so. */
    static void commit(ImageSource source, boolean empty, Progress progress) throws TerrariumException, IOException {
        try (DiskImage image = standalone(source, !empty)) {
            BackedImage overlay = backed(image, source.path());
            if (overlay.backingFile().isEmpty()) {
                throw new TerrariumException(
                        source.path() + " stands on no other image: there is nothing to commit to");
            }
            overlay.requireChangeableChain();
            Path below = source.path().resolveSibling(overlay.backingFile().get());
            ImageSource base = new ImageSource(below, requireFormat(source.path(), overlay), source.allowed());
            source.folders().requireOf(source.path(), below);
            try (DiskImage target = base.open(false)) {
                copyDown(overlay, target, progress);
            }
            if (empty) {
                overlay.makeEmpty();
            }
        }
    }

    private static String requireFormat(Path path, BackedImage overlay) throws TerrariumException {
        return overlay.backingFormat()
                .orElseThrow(
                        () -> new TerrariumException(
                                path
                                        + " does not say of what format its backing file is: say so with terrarium image rebase -u -F"));
    }

    private static void copyDown(BackedImage overlay, DiskImage target, Progress progress)
            throws TerrariumException, IOException {
        if (target.size() < overlay.size()) {
            if (!(target instanceof ResizableImage resizable)) {
                throw new TerrariumException("the backing image is smaller and cannot grow: convert it first");
            }
            resizable.resize(overlay.size());
        }
        for (long at = 0; at < overlay.size(); ) {
            Extent extent = overlay.extentAt(at, Math.min(CHUNK, overlay.size() - at));
            if (extent.present() && extent.depth() == 0) {
                if (extent.zero()) {
                    target.writeZeroes(at, extent.length(), true);
                } else {
                    target.write(ByteBuffer.wrap(read(overlay, at, (int) extent.length())), at);
                }
            }
            at += extent.length();
            go(progress, at, overlay.size());
        }
        target.flush();
    }
}
