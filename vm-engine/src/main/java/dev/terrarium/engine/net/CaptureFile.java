// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.NetworkFrame;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of captured frames in the classic pcap format (draft-ietf-opsawg-pcap, section 4), in the host's time. A thread of its own writes,
 * for those who hand frames over must not wait; what it cannot keep up with is left out. Sums that were never put in are missing.
 */
final class CaptureFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CaptureFile.class);
    private static final int MAGIC_NANOSECONDS = 0xA1B2_3C4D;
    private static final int ETHERNET = 1;
    private static final int LONGEST = 262_144;
    private static final int WAITING = 4096;

    private record Record(Instant time, NetworkFrame frame) {}

    private static final Record LAST = new Record(Instant.EPOCH, new NetworkFrame(new byte[0], 0));

    private final Path path;
    private final OutputStream out;
    private final BlockingQueue<Record> waiting = new ArrayBlockingQueue<>(WAITING);
    private final Thread writer;

    private CaptureFile(Path path, OutputStream out) {
        this.path = path;
        this.out = out;
        this.writer = Thread.ofPlatform().daemon().name("capture").start(this::run);
    }

    static CaptureFile create(Path path) throws TerrariumException {
        try {
            OutputStream out = new BufferedOutputStream(
                    Files.newOutputStream(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), 1 << 16);
            out.write(ByteBuffer.allocate(24)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(MAGIC_NANOSECONDS)
                    .putShort((short) 2)
                    .putShort((short) 4)
                    .putLong(0)
                    .putInt(LONGEST)
                    .putInt(ETHERNET)
                    .array());
            return new CaptureFile(path, out);
        } catch (FileAlreadyExistsException e) {
            throw new TerrariumException(path + " exists already: choose another name", e);
        } catch (IOException e) {
            throw new TerrariumException(path + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** Frames are not changed after this, so they are not copied. */
    void write(NetworkFrame frame) {
        if (!waiting.offer(new Record(Instant.now(), frame))) {
            LOG.trace("{}: a frame is left out", path);
        }
    }

    private void run() {
        try (out) {
            for (Record next = waiting.take(); next != LAST; next = waiting.take()) {
                NetworkFrame frame = next.frame();
                out.write(ByteBuffer.allocate(16)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt((int) next.time().getEpochSecond())
                        .putInt(next.time().getNano())
                        .putInt(frame.length())
                        .putInt(frame.length())
                        .array());
                out.write(frame.bytes(), 0, frame.length());
                if (waiting.isEmpty()) {
                    out.flush();
                }
            }
        } catch (IOException e) {
            LOG.warn("{}: the capture ends: {}", path, e.getMessage());
        } catch (InterruptedException e) {
            LOG.debug("{}: interrupted", path);
        }
    }

    @Override
    public void close() {
        boolean interrupted = false;
        while (writer.isAlive()) {
            try {
                if (waiting.offer(LAST, 100, java.util.concurrent.TimeUnit.MILLISECONDS)) {
                    writer.join();
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
