// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.disk;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.BackedImage;
import dev.terrarium.engine.image.CompressedWriter;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Copies one disk's content to another, several chunks at a time, leaving out what reads as zeros. The target must read as
 * zeros unless it stands on a backing image or holds something already.
 */
final class Converter {
    private static final int CHUNK = 2 << 20;

    private final DiskImage source;
    private final DiskImage target;
    private final int sparse;
    private final boolean clean;
    private final @Nullable CompressedWriter compressed;
    private final Progress progress;
    private final AtomicLong next = new AtomicLong();
    private final int chunk;
    private long done;

    /** @param clean whether the target reads as zeros now */
    Converter(DiskImage source, DiskImage target, int sparse, boolean compress, boolean clean, Progress progress)
            throws TerrariumException {
        this.source = source;
        this.target = target;
        this.sparse = sparse;
        this.clean = clean;
        this.progress = progress;
        this.compressed = compress ? writer(target) : null;
        this.chunk = compressed == null ? CHUNK : Math.max(compressed.compressedUnit(), CHUNK);
    }

    private static CompressedWriter writer(DiskImage target) throws TerrariumException {
        if (target instanceof CompressedWriter writer && writer.compressedUnit() > 0) {
            return writer;
        }
        throw new TerrariumException("images of this format cannot be compressed: leave -c out");
    }

    void run(int threads) throws TerrariumException, IOException {
        if (threads <= 1) {
            work();
            return;
        }
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> workers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                workers.add(pool.submit(() -> {
                    work();
                    return null;
                }));
            }
            for (Future<?> each : workers) {
                await(each);
            }
        }
    }

    private void await(Future<?> worker) throws TerrariumException, IOException {
        try {
            worker.get();
        } catch (InterruptedException e) {
            next.set(Long.MAX_VALUE / 2);
            Thread.currentThread().interrupt();
            throw new TerrariumException("it was interrupted: start it again", e);
        } catch (ExecutionException e) {
            next.set(Long.MAX_VALUE / 2);
            switch (e.getCause()) {
                case TerrariumException known -> throw known;
                case IOException failed -> throw failed;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    private void work() throws TerrariumException, IOException {
        byte[] buffer = new byte[chunk];
        while (true) {
            long from = next.getAndAdd(chunk);
            if (from >= source.size()) {
                return;
            }
            long to = Math.min(source.size(), from + chunk);
            try {
                copy(from, to, buffer);
            } catch (TerrariumException | IOException e) {
                next.set(Long.MAX_VALUE / 2);
                throw e;
            }
            report(to - from);
        }
    }

    private synchronized void report(long bytes) throws TerrariumException {
        done += bytes;
        if (!progress.at(done, source.size())) {
            throw new TerrariumException("it was cancelled: start it again");
        }
    }

    private void copy(long from, long to, byte[] buffer) throws IOException, TerrariumException {
        if (compressed != null) {
            copyCompressed(compressed, from, to);
            return;
        }
        for (long at = from; at < to; ) {
            Extent extent = source.extentAt(at, to - at);
            long end = at + extent.length();
            if (extent.zero() && sparse > 0) {
                zero(at, end - at);
            } else {
                ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, (int) extent.length());
                source.read(bytes, at);
                write(buffer, (int) extent.length(), at);
            }
            at = end;
        }
    }

    private void zero(long position, long length) throws IOException {
        if (!clean) {
            target.writeZeroes(position, length, true);
        }
    }

    /** Writes what is not zeros, in runs of whole {@link #sparse} bytes. */
    private void write(byte[] buffer, int length, long position) throws IOException {
        if (sparse == 0) {
            target.write(ByteBuffer.wrap(buffer, 0, length), position);
            return;
        }
        int at = 0;
        while (at < length) {
            boolean zero = isZero(buffer, at, Math.min(length, at + sparse));
            int end = Math.min(length, at + sparse);
            while (end < length && isZero(buffer, end, Math.min(length, end + sparse)) == zero) {
                end = Math.min(length, end + sparse);
            }
            if (zero) {
                zero(position + at, end - at);
            } else {
                target.write(ByteBuffer.wrap(buffer, at, end - at), position + at);
            }
            at = end;
        }
    }

    private static final byte[] ZEROS = new byte[1 << 16];

    static boolean isZero(byte[] bytes, int from, int to) {
        for (int at = from; at < to; at += ZEROS.length) {
            int count = Math.min(ZEROS.length, to - at);
            if (Arrays.mismatch(bytes, at, at + count, ZEROS, 0, count) >= 0) {
                return false;
            }
        }
        return true;
    }

    private void copyCompressed(CompressedWriter writer, long from, long to) throws IOException {
        int unit = writer.compressedUnit();
        for (long at = from; at < to; at += unit) {
            int length = (int) Math.min(unit, to - at);
            Extent extent = source.extentAt(at, length);
            if (extent.zero() && extent.length() == length) {
                zero(at, length);
                continue;
            }
            byte[] bytes = new byte[unit];
            source.read(ByteBuffer.wrap(bytes, 0, length), at);
            if (isZero(bytes, 0, length)) {
                zero(at, length);
            } else {
                writer.writeCompressed(bytes, at);
            }
        }
    }

    /** Whether an image that was just made reads as zeros. */
    static boolean readsAsZeros(DiskImage fresh) {
        return !(fresh instanceof BackedImage image) || image.backingFile().isEmpty();
    }
}
