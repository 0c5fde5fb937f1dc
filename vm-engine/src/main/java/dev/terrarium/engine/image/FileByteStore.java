// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.posix.FileHoles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** The bytes of a file that this process holds locked: alone for writing, shared with other readers for reading. */
public final class FileByteStore implements ByteStore {
    private static final int ZERO_BYTES = 1 << 16;

    private final ImageFile file;
    private final FileChannel channel;
    private final OptionalInt descriptor;
    private final boolean readOnly;

    /** Held while the descriptor is used, so that its number is not another file's by then. */
    private final ReadWriteLock use = new ReentrantReadWriteLock();

    private boolean closed;

    private FileByteStore(ImageFile file, boolean readOnly) {
        this.file = file;
        this.channel = file.channel();
        this.descriptor = file.descriptor();
        this.readOnly = readOnly;
    }

    /**
     * Opens and locks a file that exists.
     *
     * @throws TerrariumException if it is missing, may not be used, or is in use
     */
    public static FileByteStore open(Path path, boolean readOnly) throws TerrariumException {
        return new FileByteStore(ImageFile.open(path, !readOnly), readOnly);
    }

    /**
     * Makes an empty file and locks it for writing.
     *
     * @throws TerrariumException if there is one of that name, or it cannot be made
     */
    public static FileByteStore create(Path path) throws TerrariumException {
        try {
            Files.createFile(path);
        } catch (FileAlreadyExistsException e) {
            throw new TerrariumException(path + " exists already: choose another name", e);
        } catch (NoSuchFileException e) {
            throw new TerrariumException("The folder of " + path + " does not exist: create it first", e);
        } catch (IOException e) {
            throw new TerrariumException(path + " cannot be created: " + e.getMessage(), e);
        }
        return open(path, false);
    }

    @Override
    public long size() throws IOException {
        return channel.size();
    }

    @Override
    public void read(ByteBuffer target, long position) throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                while (target.hasRemaining()) {
                    target.put((byte) 0);
                }
                return;
            }
            at += count;
        }
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        long at = position;
        while (source.hasRemaining()) {
            at += channel.write(source, at);
        }
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            channel.force(false);
        }
    }

    @Override
    public void truncate(long size) throws IOException {
        requireWritable();
        if (size <= channel.size()) {
            channel.truncate(size);
        } else if (!onDescriptor(number -> FileHoles.resize(number, size), false)) {
            write(ByteBuffer.allocate(1), size - 1);
        }
    }

    @Override
    public void punchHole(long position, long length) throws IOException {
        requireWritable();
        long end = Math.min(position + length, channel.size());
        if (position >= end) {
            return;
        }
        if (onDescriptor(number -> FileHoles.punch(number, position, end - position), false)) {
            return;
        }
        for (long at = position; at < end; at += ZERO_BYTES) {
            write(ByteBuffer.allocate((int) Math.min(ZERO_BYTES, end - at)), at);
        }
    }

    private <T> T onDescriptor(Call<T> call, T otherwise) throws IOException {
        if (descriptor.isEmpty()) {
            return otherwise;
        }
        use.readLock().lock();
        try {
            if (closed) {
                throw new ClosedChannelException();
            }
            return call.with(descriptor.getAsInt());
        } finally {
            use.readLock().unlock();
        }
    }

    @FunctionalInterface
    private interface Call<T> {
        T with(int descriptor) throws IOException;
    }

    private void requireWritable() throws IOException {
        if (readOnly) {
            throw new IOException(file + " is open for reading only");
        }
    }

    @Override
    public long nextData(long position) throws IOException {
        long size = channel.size();
        if (position >= size) {
            return size;
        }
        OptionalLong found = onDescriptor(number -> FileHoles.nextData(number, position), OptionalLong.empty());
        return Math.min(size, found.orElse(position));
    }

    @Override
    public long nextHole(long position) throws IOException {
        long size = channel.size();
        if (position >= size) {
            return size;
        }
        OptionalLong found = onDescriptor(number -> FileHoles.nextHole(number, position), OptionalLong.empty());
        return Math.min(size, found.orElse(size));
    }

    /** Releases the file and its lock. */
    @Override
    public void close() {
        use.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                file.close();
            }
        } finally {
            use.writeLock().unlock();
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
