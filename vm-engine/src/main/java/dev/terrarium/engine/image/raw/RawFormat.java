// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.raw;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.ImageFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** No format: byte n of the medium is byte n of the file. It has no mark, so it is never recognised. */
public final class RawFormat implements ImageFormat {
    @Override
    public String name() {
        return "raw";
    }

    @Override
    public boolean recognises(byte[] head, byte[] tail) {
        return false;
    }

    @Override
    public DiskImage open(Path path, ByteStore store, boolean readOnly, ImageFiles files)
            throws TerrariumException, IOException {
        try {
            if (store.size() == 0) {
                throw new TerrariumException(path + " is empty: choose another image");
            }
            return new RawDisk(store, readOnly);
        } catch (TerrariumException | IOException e) {
            store.close();
            throw e;
        }
    }

    @Override
    public void create(Path path, ByteStore store, long size, Map<String, String> options, ImageFiles files)
            throws TerrariumException, IOException {
        for (String option : options.keySet()) {
            throw new TerrariumException("raw images have no option \"" + option + "\": leave it out");
        }
        if (size <= 0) {
            throw new TerrariumException("A disk of " + size + " bytes cannot be made: choose a larger size");
        }
        store.truncate(RawDisk.wholeSectors(size));
        store.flush();
    }

    @Override
    public Map<String, String> createOptions() {
        return Map.of();
    }
}
