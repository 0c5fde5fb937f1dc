// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.NetworkFrame;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Counts the frames of a cable, and writes them to a capture file while somebody wants one. Any thread. */
public final class FrameWatch implements AutoCloseable {
    private final AtomicLong sentFrames = new AtomicLong();
    private final AtomicLong sentBytes = new AtomicLong();
    private final AtomicLong receivedFrames = new AtomicLong();
    private final AtomicLong receivedBytes = new AtomicLong();
    private final AtomicLong dropped = new AtomicLong();
    private volatile @Nullable CaptureFile capture;

    /**
     * Counts since the start.
     *
     * @param sentFrames of the guest's
     * @param receivedFrames for the guest
     * @param dropped of the guest's, because too much was waiting
     */
    public record Figures(long sentFrames, long sentBytes, long receivedFrames, long receivedBytes, long dropped) {}

    public Figures figures() {
        return new Figures(sentFrames.get(), sentBytes.get(), receivedFrames.get(), receivedBytes.get(), dropped.get());
    }

    void fromGuest(NetworkFrame frame) {
        sentFrames.incrementAndGet();
        sentBytes.addAndGet(frame.length());
        write(frame);
    }

    void toGuest(NetworkFrame frame) {
        receivedFrames.incrementAndGet();
        receivedBytes.addAndGet(frame.length());
        write(frame);
    }

    void dropped() {
        dropped.incrementAndGet();
    }

    private void write(NetworkFrame frame) {
        CaptureFile file = capture;
        if (file != null) {
            file.write(frame);
        }
    }

    /**
     * Writes all frames from now on to a file, of the kind that tcpdump and Wireshark read.
     *
     * @throws TerrariumException if the file is there already or cannot be made
     */
    public synchronized void capture(Path file) throws TerrariumException {
        endCapture();
        capture = CaptureFile.create(file);
    }

    /** Ends the capture, if there is one. */
    public synchronized void endCapture() {
        CaptureFile file = capture;
        capture = null;
        if (file != null) {
            file.close();
        }
    }

    @Override
    public void close() {
        endCapture();
    }
}
