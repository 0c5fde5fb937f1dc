// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.StorageBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An image as a drive's medium: requests wait for the host on I/O threads, completions run under the board's lock. */
public final class ImageBackend implements StorageBackend, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ImageBackend.class);

    private final String name;
    private volatile DiskImage image;
    private final Executor io;
    private final Executor board;

    /**
     * @param name for the log
     * @param image belongs to this medium from now on
     * @param io runs the waiting for the host, usually {@link IoThreads#shared()}
     * @param board runs completions with the board's lock held
     */
    public ImageBackend(String name, DiskImage image, Executor io, Executor board) {
        this.name = name;
        this.image = image;
        this.io = io;
        this.board = board;
    }

    @Override
    public long size() {
        return image.size();
    }

    @Override
    public boolean readOnly() {
        return image.readOnly();
    }

    @Override
    public void read(long position, byte[] target, int offset, int length, Completion completion) {
        submit("read", completion, () -> image.read(ByteBuffer.wrap(target, offset, length), position));
    }

    @Override
    public void write(long position, byte[] source, int offset, int length, Completion completion) {
        submit("write", completion, () -> image.write(ByteBuffer.wrap(source, offset, length), position));
    }

    @Override
    public void writeZeroes(long position, long length, boolean release, Completion completion) {
        submit("write of zeros", completion, () -> image.writeZeroes(position, length, release));
    }

    @Override
    public void discard(long position, long length, Completion completion) {
        submit("discard", completion, () -> image.discard(position, length));
    }

    @Override
    public void flush(Completion completion) {
        submit("flush", completion, image::flush);
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
            LOG.warn("{}: {} failed: {}", name, what, e.toString());
            return false;
        } catch (RuntimeException e) {
            // A request without an answer would hang the guest.
            LOG.error("{}: {} failed", name, what, e);
            return false;
        }
    }

    @FunctionalInterface
    private interface Request {
        void run() throws IOException;
    }

    /** Whether a BIOS finds something to run on it. Waits for the host. */
    public boolean boots() throws IOException {
        return BootRecord.isOn(image);
    }

    /** Opens an image. */
    @FunctionalInterface
    public interface Opening {
        DiskImage open() throws TerrariumException, IOException;
    }

    /**
     * Closes the image and goes on with another. No request is under way.
     *
     * @param next opens the other one; its size is the same
     * @param again opens the first one, if that fails
     */
    public void replace(Opening next, Opening again) throws TerrariumException {
        try {
            image.close();
            image = next.open();
        } catch (TerrariumException | IOException e) {
            try {
                image = again.open();
            } catch (TerrariumException | IOException second) {
                e.addSuppressed(second);
            }
            throw e instanceof TerrariumException told
                    ? told
                    : new TerrariumException(name + " cannot be changed for another image: " + e.getMessage(), e);
        }
    }

    /** The image, for what changes it as a whole. */
    public DiskImage image() {
        return image;
    }

    /** Makes everything durable and closes the image. A request still under way fails or is waited for. */
    @Override
    public void close() {
        try {
            image.close();
        } catch (IOException e) {
            LOG.error("{} was not closed properly: what the guest did not flush may be lost", name, e);
        }
    }
}
