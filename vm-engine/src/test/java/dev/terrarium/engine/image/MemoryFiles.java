// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The further files of an image in memory, by name. */
public final class MemoryFiles implements ImageFiles {
    private final Map<String, ByteStore> stores = new HashMap<>();

    public void put(String name, ByteStore store) {
        stores.put(name, store);
    }

    public ByteStore get(String name) {
        return stores.get(name);
    }

    @Override
    public ByteStore openBytes(Path base, String name, boolean readOnly) throws TerrariumException {
        ByteStore store = stores.get(name);
        if (store == null) {
            throw new TerrariumException(name + " does not exist: choose another file");
        }
        return store;
    }

    @Override
    public ByteStore createBytes(Path base, String name) {
        return stores.computeIfAbsent(name, each -> new MemoryByteStore());
    }

    @Override
    public DiskImage openImage(Path base, String name, String format) throws TerrariumException, IOException {
        return ImageFormats.byName(format).open(Path.of(name), openBytes(base, name, true), true, this);
    }
}
