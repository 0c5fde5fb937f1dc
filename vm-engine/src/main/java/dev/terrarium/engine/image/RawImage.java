// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.StorageBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A raw image: byte n of the medium is byte n of the file. Disks are opened for one machine alone, ISO files and
 * write-protected disks shared by all who read them.
 */
public final class RawImage implements StorageBackend, AutoCloseable {
    /** A disk is a whole number of these; a shorter end of the file reads as zeros. */
    public static final int SECTOR = 512;

    private static final Logger LOG = LoggerFactory.getLogger(RawImage.class);

    private final ImageFile file;
    private final FileChannel channel;
    private final boolean readOnly;
    private final long size;
    private final Executor io;
    private final Executor board;
    private final AtomicBoolean closed = new AtomicBoolean();

    private RawImage(ImageFile file, boolean readOnly, long size, Executor io, Executor board) {
        this.file = file;
        this.channel = file.channel();
        this.readOnly = readOnly;
        this.size = size;
        this.io = io;
        this.board = board;
    }

    /**
     * Opens an image and locks it.
     *
     * @param io runs the waiting for the host, usually {@link IoThreads#shared()}
     * @param board runs completions with the board's lock held
     */
    public static RawImage open(Path path, boolean readOnly, Executor io, Executor board) throws TerrariumException {
        ImageFile file = ImageFile.open(path, !readOnly);
        try {
            long size = (file.size() + SECTOR - 1) / SECTOR * SECTOR;
            if (size == 0) {
                throw new TerrariumException(path + " is empty: choose another image");
            }
            return new RawImage(file, readOnly, size, io, board);
        } catch (TerrariumException e) {
            file.close();
            throw e;
        }
    }

    /** Makes a sparse image of {@code size} bytes, rounded up to whole sectors. A file of that name is not touched. */
    public static void create(Path path, long size) throws TerrariumException {
        if (size <= 0) {
            throw new TerrariumException("A disk of " + size + " bytes cannot be made: choose a larger size");
        }
        long rounded = (size + SECTOR - 1) / SECTOR * SECTOR;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[1]), rounded - 1);
            channel.force(true);
        } catch (FileAlreadyExistsException e) {
            throw new TerrariumException(path + " exists already: choose another name", e);
        } catch (NoSuchFileException e) {
            throw new TerrariumException("The folder of " + path + " does not exist: create it first", e);
        } catch (IOException e) {
            deleteHalfMade(path);
            throw new TerrariumException(path + " cannot be created: " + e.getMessage(), e);
        }
    }

    private static void deleteHalfMade(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("Could not remove the half-made {}", path, e);
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long position, byte[] target, int offset, int length, Completion completion) {
        submit("read", completion, () -> {
            checkRange(position, length);
            ByteBuffer buffer = ByteBuffer.wrap(target, offset, length);
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, position + buffer.position() - offset) < 0) {
                    Arrays.fill(target, buffer.position(), buffer.limit(), (byte) 0);
                    return;
                }
            }
        });
    }

    @Override
    public void write(long position, byte[] source, int offset, int length, Completion completion) {
        submit("write", completion, () -> {
            checkRange(position, length);
            if (readOnly) {
                throw new IOException("the image is read-only");
            }
            ByteBuffer buffer = ByteBuffer.wrap(source, offset, length);
            while (buffer.hasRemaining()) {
                channel.write(buffer, position + buffer.position() - offset);
            }
        });
    }

    @Override
    public void flush(Completion completion) {
        submit("flush", completion, () -> {
            if (!readOnly) {
                channel.force(false);
            }
        });
    }

    private void checkRange(long position, int length) throws IOException {
        if (position < 0 || length < 0 || position > size - length) {
            throw new IOException("outside the medium: " + length + " bytes at " + position);
        }
    }

    private void submit(String what, Completion completion, Request request) {
        io.execute(() -> {
            boolean success = run(what, request);
            board.execute(() -> completion.done(success));
        });
    }

    private boolean run(String what, Request request) {
        try {
            request.run();
            return true;
        } catch (IOException e) {
            LOG.warn("{}: {} failed: {}", file, what, e.toString());
            return false;
        }
    }

    /** Closes the file and releases its lock. A request still under way fails. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            file.close();
        }
    }

    @FunctionalInterface
    private interface Request {
        void run() throws IOException;
    }
}
