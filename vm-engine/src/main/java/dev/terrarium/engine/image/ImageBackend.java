// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.StorageBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An image as a drive's medium: requests wait for the host on I/O threads, completions run under the board's lock.
 *
 * <p>A request that the host cannot do now (a full disk, an I/O error) is kept if the {@link Policy} says so: whoever
 * owns the machine is told, stops it, and calls {@link #retry} when it goes on. The guest learns nothing of it.
 */
public final class ImageBackend implements StorageBackend, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ImageBackend.class);

    /** What becomes of requests. */
    public record Policy(boolean keepsFailed, Flushing flushing, boolean discards) {
        /** What the guest was told is written to lasts as long as the host; errors are the guest's. */
        public static final Policy REPORTING = new Policy(false, Flushing.WHEN_ASKED, true);
    }

    /** When what was written is made durable. */
    public enum Flushing {
        /** When the guest flushes. */
        WHEN_ASKED,
        /** Before each write ends. */
        ALWAYS,
        /** When the image is closed. */
        NEVER
    }

    /** Told of trouble, on an I/O thread without any lock. */
    @FunctionalInterface
    public interface TroubleListener {
        void troubled(DiskTrouble trouble);
    }

    private final Path path;
    private volatile DiskImage image;
    private final Policy policy;
    private final Executor io;
    private final Executor board;
    private final TroubleListener listener;

    // Everything below is guarded by this object's monitor.

    /** Failed requests in the order in which they came. */
    private final Map<Long, Request> kept = new TreeMap<>();

    private @Nullable DiskTrouble trouble;
    private long lastNumber;

    /** Requests that have no completion yet, kept ones included. */
    private int underWay;

    /** Requests that an I/O thread works on, completions included. */
    private int working;

    private boolean closing;

    /** A medium that reports every error to the guest. */
    public ImageBackend(Path path, DiskImage image, Executor io, Executor board) {
        this(path, image, Policy.REPORTING, io, board, trouble -> {});
    }

    /**
     * @param path of the image
     * @param image belongs to this medium from now on
     * @param io runs the waiting for the host, usually {@link IoThreads#shared()}
     * @param board runs completions with the board's lock held
     * @param listener told when a request is kept
     */
    public ImageBackend(
            Path path, DiskImage image, Policy policy, Executor io, Executor board, TroubleListener listener) {
        this.path = path;
        this.image = image;
        this.policy = policy;
        this.io = io;
        this.board = board;
        this.listener = listener;
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
        boolean possible = isOnMedium(position, length);
        submit("read", possible, completion, () -> image.read(ByteBuffer.wrap(target, offset, length), position));
    }

    @Override
    public void write(long position, byte[] source, int offset, int length, Completion completion) {
        change(
                "write",
                position,
                length,
                completion,
                () -> image.write(ByteBuffer.wrap(source, offset, length), position));
    }

    @Override
    public void writeZeroes(long position, long length, boolean release, Completion completion) {
        boolean hole = release && policy.discards;
        change("write of zeros", position, length, completion, () -> image.writeZeroes(position, length, hole));
    }

    @Override
    public void discard(long position, long length, Completion completion) {
        Work work = policy.discards ? () -> image.discard(position, length) : () -> {};
        change("discard", position, length, completion, work);
    }

    @Override
    public void flush(Completion completion) {
        submit("flush", true, completion, policy.flushing == Flushing.NEVER ? () -> {} : image::flush);
    }

    private boolean isOnMedium(long position, long length) {
        return position >= 0 && length >= 0 && position <= image.size() - length;
    }

    private void change(String what, long position, long length, Completion completion, Work work) {
        boolean possible = isOnMedium(position, length) && !image.readOnly();
        if (policy.flushing == Flushing.ALWAYS) {
            submit(what, possible, completion, () -> {
                work.run();
                image.flush();
            });
        } else {
            submit(what, possible, completion, work);
        }
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    /** @param number ever larger */
    private record Request(long number, String what, Completion completion, Work work) {}

    /** @param possible whether the guest may ask that; if not, the answer is no, without trouble */
    private void submit(String what, boolean possible, Completion completion, Work work) {
        Request request;
        synchronized (this) {
            if (closing) {
                LOG.debug("{}: a {} came after the end", path, what);
                return;
            }
            request = new Request(++lastNumber, what, completion, work);
            underWay++;
        }
        if (possible) {
            perform(request);
        } else {
            onIoThread(() -> end(request, false));
        }
    }

    private void perform(Request request) {
        onIoThread(() -> {
            try {
                request.work.run();
                end(request, true);
            } catch (IOException e) {
                failed(request, e);
            } catch (RuntimeException e) {
                // A request without an answer would hang the guest.
                LOG.error("{}: {} failed", path, request.what, e);
                end(request, false);
            }
        });
    }

    private void onIoThread(Runnable action) {
        io.execute(() -> {
            synchronized (this) {
                if (closing) {
                    return;
                }
                working++;
            }
            try {
                action.run();
            } finally {
                synchronized (this) {
                    working--;
                    notifyAll();
                }
            }
        });
    }

    private void failed(Request request, IOException e) {
        if (!policy.keepsFailed) {
            LOG.warn("{}: {} failed: {}", path, request.what, e.toString());
            end(request, false);
            return;
        }
        DiskTrouble met = DiskTrouble.of(path, request.what, e);
        LOG.warn("{}", met.line());
        LOG.debug("{}", path, e);
        synchronized (this) {
            kept.put(request.number, request);
            if (trouble == null) {
                trouble = met;
            }
            notifyAll();
        }
        listener.troubled(met);
    }

    private void end(Request request, boolean success) {
        board.execute(() -> {
            synchronized (this) {
                if (closing) {
                    return;
                }
            }
            try {
                request.completion.done(success);
            } finally {
                synchronized (this) {
                    // After the completion, which may have made the drive ask for more.
                    underWay--;
                    notifyAll();
                }
            }
        });
    }

    /** Why requests are kept, if any are. */
    public synchronized Optional<DiskTrouble> trouble() {
        return Optional.ofNullable(trouble);
    }

    /** Tries what is kept again, in the order in which it came. */
    public void retry() {
        List<Request> again;
        synchronized (this) {
            again = new ArrayList<>(kept.values());
            kept.clear();
            trouble = null;
        }
        again.forEach(this::perform);
    }

    /**
     * Waits until no request is under way. The caller sees to it that no new ones come but those which the drive makes of
     * the ends of others, and does not hold the board's lock.
     *
     * @throws TerrariumException if requests are kept, or {@code limit} passes
     */
    public synchronized void drain(Duration limit) throws TerrariumException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (underWay > 0) {
            DiskTrouble why = trouble;
            if (why != null && kept.size() == underWay) {
                throw new TerrariumException(why.line());
            }
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw new TerrariumException(path + ": the host does not end " + underWay + " requests within "
                        + limit.toSeconds() + " s: see what keeps its disk busy, and try again");
            }
            try {
                wait(left / 1_000_000, (int) (left % 1_000_000));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new TerrariumException("it was interrupted: start it again", e);
            }
        }
    }

    /** Makes durable what was written, whatever the policy is. Waits for the host. */
    public void sync() throws IOException {
        image.flush();
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
                    : new TerrariumException(path + " cannot be changed for another image: " + e.getMessage(), e);
        }
    }

    /** The image, for what changes it as a whole. */
    public DiskImage image() {
        return image;
    }

    /**
     * Makes everything durable and closes the image. Waits for requests that the host works on; they and those that are
     * kept get no completion any more, so the guest was never told that they were done. Not with the board's lock held.
     */
    @Override
    public void close() {
        boolean interrupted = false;
        synchronized (this) {
            closing = true;
            kept.clear();
            while (working > 0) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        try {
            image.close();
        } catch (IOException e) {
            LOG.error("{} was not closed properly: what the guest did not flush may be lost", path, e);
        }
    }
}
