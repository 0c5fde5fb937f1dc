// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An image file that this process holds open and locked: by one machine for writing, or by any number for reading, or by
 * any number that agreed to share it.
 *
 * <p>Readers within the process share one channel. That is not thrift: the lock of a POSIX file belongs to the process
 * and goes away as soon as the process closes <em>any</em> descriptor of the file, and the JVM refuses a second lock on
 * it, shared or not.
 */
final class ImageFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ImageFile.class);
    private static final Map<Object, ImageFile> OPEN = new HashMap<>();

    private final Object key;
    private final Path path;
    private final FileChannel channel;
    private final Access access;
    private OptionalInt descriptor = OptionalInt.empty();
    private int holders = 1;

    /** What a holder does with the file, and bears of others. */
    enum Access {
        /** It reads, and others may read. */
        READ,
        /** It writes alone. */
        WRITE,
        /** It writes, and others may read, or write if they say this too. */
        SHARED_WRITE;

        boolean writes() {
            return this != READ;
        }

        /** Whether a holder of this kind bears one of another. */
        boolean bears(Access other) {
            return this == READ ? other == READ : this == SHARED_WRITE && other != WRITE;
        }
    }

    private ImageFile(Object key, Path path, FileChannel channel, Access access) {
        this.key = key;
        this.path = path;
        this.channel = channel;
        this.access = access;
    }

    /** Opens and locks a file that exists. */
    static ImageFile open(Path path, Access access) throws TerrariumException {
        synchronized (OPEN) {
            Object key = identify(path);
            ImageFile open = OPEN.get(key);
            if (open != null) {
                if (!open.access.bears(access)) {
                    throw new TerrariumException(path + " is in use by another machine"
                            + (open.access == Access.READ ? ", which reads it, or has a disk that stands on it" : "")
                            + ": stop that machine first");
                }
                open.holders++;
                return open;
            }
            ImageFile file = new ImageFile(key, path, openChannel(path, access.writes()), access);
            // Before the lock, since closing a descriptor that turned out to be useless would drop it.
            file.descriptor = openDescriptor(path, key, access.writes());
            file.lock();
            OPEN.put(key, file);
            return file;
        }
    }

    /** As {@link ImageHead#read}. */
    static ImageHead head(Path path, int length) throws TerrariumException {
        return look(path, channel -> new ImageHead(part(channel, 0, length), channel.size()));
    }

    /** The last {@code length} bytes of a file, or all if it is shorter; disturbs its lock no more than {@link #head}. */
    static byte[] tail(Path path, int length) throws TerrariumException {
        return look(path, channel -> part(channel, Math.max(0, channel.size() - length), length));
    }

    private static <T> T look(Path path, Look<T> look) throws TerrariumException {
        synchronized (OPEN) {
            ImageFile open = OPEN.get(identify(path));
            try {
                if (open != null) {
                    return look.at(open.channel);
                }
                try (FileChannel channel = openChannel(path, false)) {
                    return look.at(channel);
                }
            } catch (IOException e) {
                throw unreadable(path, e);
            }
        }
    }

    @FunctionalInterface
    private interface Look<T> {
        T at(FileChannel channel) throws IOException;
    }

    private static byte[] part(FileChannel channel, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        int count = 0;
        while (buffer.hasRemaining() && count >= 0) {
            count = channel.read(buffer, position + buffer.position());
        }
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    /** What makes a file itself, whatever name leads to it. */
    static Object identify(Path path) throws TerrariumException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            if (attributes.isDirectory()) {
                throw new TerrariumException(path + " is a folder: choose a file");
            }
            Object key = attributes.fileKey();
            return key != null ? key : path.toRealPath();
        } catch (NoSuchFileException e) {
            throw new TerrariumException(path + " does not exist: choose another file", e);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private static FileChannel openChannel(Path path, boolean writable) throws TerrariumException {
        Set<StandardOpenOption> options =
                writable ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE) : Set.of(StandardOpenOption.READ);
        try {
            return FileChannel.open(path, options);
        } catch (IOException e) {
            if (writable && Files.isReadable(path) && !Files.isWritable(path)) {
                throw new TerrariumException(path + " cannot be written: change its permissions", e);
            }
            throw unreadable(path, e);
        }
    }

    /** A second descriptor of the file, for what a channel cannot do; empty where the host has none. */
    private static OptionalInt openDescriptor(Path path, Object key, boolean writable) {
        Path self = Path.of("/proc/self/fd");
        if (!Files.isDirectory(self)) {
            return OptionalInt.empty();
        }
        int descriptor;
        try {
            descriptor = Posix.open(path.toString(), Posix.O_CLOEXEC | (writable ? Posix.O_RDWR : 0));
        } catch (PosixException e) {
            LOG.debug("{}: holes are not used", path, e);
            return OptionalInt.empty();
        }
        try {
            if (key.equals(identify(self.resolve(Integer.toString(descriptor))))) {
                return OptionalInt.of(descriptor);
            }
        } catch (TerrariumException e) {
            LOG.debug("{}: holes are not used", path, e);
        }
        Posix.close(descriptor);
        return OptionalInt.empty();
    }

    private static TerrariumException unreadable(Path path, IOException e) {
        return new TerrariumException(path + " cannot be read: check its permissions", e);
    }

    private void lock() throws TerrariumException {
        @Nullable FileLock lock = null;
        try {
            lock = channel.tryLock(0, Long.MAX_VALUE, access != Access.WRITE);
        } catch (OverlappingFileLockException e) {
            LOG.debug("{} is locked by something else in this process: {}", path, e.toString());
        } catch (IOException e) {
            if (access == Access.READ) {
                LOG.warn("{}: its file system has no locks; reading it without one", path, e);
                return;
            }
            closeQuietly();
            throw new TerrariumException(path + " cannot be locked: move it to a file system with locks", e);
        }
        if (lock == null) {
            String how = isOnlyRead() ? ", which reads it, or has a disk that stands on it" : "";
            closeQuietly();
            throw new TerrariumException(path + " is in use by another process" + how + ": stop that one first");
        }
    }

    /** Whether those who keep the lock from this process share it among them. */
    private boolean isOnlyRead() {
        try (FileLock shared = channel.tryLock(0, Long.MAX_VALUE, true)) {
            return access == Access.WRITE && shared != null;
        } catch (OverlappingFileLockException | IOException e) {
            LOG.debug("{}: who holds it is not known", path, e);
            return false;
        }
    }

    private void closeQuietly() {
        descriptor.ifPresent(Posix::close);
        descriptor = OptionalInt.empty();
        try {
            channel.close();
        } catch (IOException e) {
            LOG.warn("Could not close {}", path, e);
        }
    }

    Path path() {
        return path;
    }

    FileChannel channel() {
        return channel;
    }

    /** A descriptor for what a channel cannot do, open as long as the file is; empty where the host has none. */
    OptionalInt descriptor() {
        return descriptor;
    }

    long size() throws TerrariumException {
        try {
            return channel.size();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /** Gives up one holder's claim; the last one closes the file. */
    @Override
    public void close() {
        synchronized (OPEN) {
            if (--holders > 0) {
                return;
            }
            OPEN.remove(key, this);
            closeQuietly();
        }
    }

    @Override
    public String toString() {
        return Objects.toString(path);
    }
}
