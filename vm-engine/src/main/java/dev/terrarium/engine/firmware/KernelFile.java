// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A kernel, or a file that goes with one, read into memory. */
final class KernelFile {
    private final Path path;
    private final byte[] bytes;
    private final ByteBuffer words;

    private KernelFile(Path path, byte[] bytes) {
        this.path = path;
        this.bytes = bytes;
        this.words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Reads a file of at most {@code limit} bytes. */
    static KernelFile read(Path path, long limit) throws TerrariumException {
        try {
            if (Files.isDirectory(path)) {
                throw new TerrariumException(path + " is a folder: choose a file");
            }
            if (Files.size(path) > Math.min(limit, Integer.MAX_VALUE - 4096)) {
                throw new TerrariumException(path + " does not fit into the machine's memory: give it more");
            }
            return new KernelFile(path, Files.readAllBytes(path));
        } catch (NoSuchFileException e) {
            throw new TerrariumException(path + " does not exist: choose another file", e);
        } catch (IOException e) {
            throw new TerrariumException(path + " cannot be read: check its permissions", e);
        }
    }

    Path path() {
        return path;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return bytes.length;
    }

    boolean has(long offset, long size) {
        return offset >= 0 && size >= 0 && offset <= bytes.length - size;
    }

    int u8(int offset) {
        return has(offset, 1) ? bytes[offset] & 0xFF : 0;
    }

    int u16(int offset) {
        return has(offset, 2) ? words.getShort(offset) & 0xFFFF : 0;
    }

    long u32(int offset) {
        return has(offset, 4) ? Integer.toUnsignedLong(words.getInt(offset)) : 0;
    }

    long u64(int offset) {
        return has(offset, 8) ? words.getLong(offset) : 0;
    }

    TerrariumException damaged(String why) {
        return new TerrariumException(path + " is damaged (" + why + "): get it again");
    }
}
