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
    private final FlushGuard flushes;

    /** Held while the descriptor is used, so that its number is not another file's by then. */
    private final ReadWriteLock use = new ReentrantReadWriteLock();

    private boolean closed;

    private FileByteStore(ImageFile file, boolean readOnly) {
        this.file = file;
        this.channel = file.channel();
        this.descriptor = file.descriptor();
        this.readOnly = readOnly;
        this.flushes = new FlushGuard(file.path());
    }

    /**
     * Opens and locks a file that exists.
     *
     * @throws TerrariumException if it is missing, may not be used, or is in use
     */
    public static FileByteStore open(Path path, boolean readOnly) throws TerrariumException {
        return new FileByteStore(
                ImageFile.open(path, readOnly ? ImageFile.Access.READ : ImageFile.Access.WRITE), readOnly);
    }

    /**
     * Opens a file for writing that others may write, too, if they open it this way, or read.
     *
     * @throws TerrariumException as {@link #open}
     */
    public static FileByteStore openShared(Path path) throws TerrariumException {
        return new FileByteStore(ImageFile.open(path, ImageFile.Access.SHARED_WRITE), false);
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

    /** Something of the host's that fails in its words. */
    @FunctionalInterface
    private interface HostCall {
        void run() throws IOException;
    }

    private void told(HostCall call) throws IOException {
        try {
            call.run();
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            throw new HostIoException(file.path(), e, false);
        }
    }

    @Override
    public long size() throws IOException {
        return channel.size();
    }

    @Override
    public void read(ByteBuffer target, long position) throws IOException {
        told(() -> readAll(target, position));
    }

    private void readAll(ByteBuffer target, long position) throws IOException {
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
        told(() -> {
            long at = position;
            while (source.hasRemaining()) {
                at += channel.write(source, at);
            }
        });
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            flushes.run(() -> channel.force(false));
        }
    }

    @Override
    public void truncate(long size) throws IOException {
        requireWritable();
        told(() -> setSize(size));
    }

    private void setSize(long size) throws IOException {
        if (size <= channel.size()) {
            channel.truncate(size);
        } else if (!onDescriptor(number -> FileHoles.resize(number, size), false)) {
            channel.write(ByteBuffer.allocate(1), size - 1);
        }
    }

    @Override
    public void punchHole(long position, long length) throws IOException {
        requireWritable();
        told(() -> zero(position, length));
    }

    private void zero(long position, long length) throws IOException {
        long end = Math.min(position + length, channel.size());
        if (position >= end) {
            return;
        }
        if (onDescriptor(number -> FileHoles.punch(number, position, end - position), false)) {
            return;
        }
        for (long at = position; at < end; at += ZERO_BYTES) {
            ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(ZERO_BYTES, end - at));
            for (long to = at; zeros.hasRemaining(); ) {
                to += channel.write(zeros, to);
            }
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
