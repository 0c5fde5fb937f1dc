// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.ConsoleStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries a machine's serial line between the guest, which must never wait, and the people who watch it. What the guest
 * sends is queued here and written by a thread of its own; the last part is kept for who comes later. Watchers get
 * every byte and may hold the thread up; a connection that does not read loses bytes instead.
 */
final class SerialHub implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SerialHub.class);
    private static final int MAXIMUM_QUEUE_BYTES = 16 << 20;
    private static final int HISTORY_BYTES = 1 << 16;

    private final Consumer<byte[]> toGuest;
    private final List<OutputStream> watchers = new CopyOnWriteArrayList<>();
    private final List<PipeStream> connections = new CopyOnWriteArrayList<>();
    private final Thread writer;
    private final byte[] history = new byte[HISTORY_BYTES];
    private long historyCount;
    private ByteArrayOutputStream queue = new ByteArrayOutputStream();
    private boolean closed;

    /** @param toGuest takes what somebody typed */
    SerialHub(String machine, Consumer<byte[]> toGuest) {
        this.toGuest = toGuest;
        writer = Thread.ofPlatform().daemon().name("serial line of " + machine).start(this::drain);
    }

    /** A byte from the guest. Never waits; drops bytes if nobody has taken 16 MiB. */
    synchronized void fromGuest(int value) {
        if (queue.size() < MAXIMUM_QUEUE_BYTES) {
            queue.write(value);
            notifyAll();
        }
    }

    void addWatcher(OutputStream output) {
        watchers.add(output);
    }

    private void drain() {
        while (true) {
            final byte[] bytes;
            synchronized (this) {
                while (queue.size() == 0 && !closed) {
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        return;
                    }
                }
                if (queue.size() == 0) {
                    return;
                }
                bytes = queue.toByteArray();
                queue = new ByteArrayOutputStream();
                for (byte each : bytes) {
                    history[(int) (historyCount++ % HISTORY_BYTES)] = each;
                }
                connections.forEach(connection -> connection.out().offer(bytes));
            }
            for (OutputStream watcher : watchers) {
                try {
                    watcher.write(bytes);
                    watcher.flush();
                } catch (IOException e) {
                    LOG.debug("a watcher of the serial line left: {}", e.getMessage());
                    watchers.remove(watcher);
                }
            }
        }
    }

    private byte[] history() {
        int length = (int) Math.min(historyCount, HISTORY_BYTES);
        byte[] copy = new byte[length];
        for (int i = 0; i < length; i++) {
            copy[i] = history[(int) ((historyCount - length + i) % HISTORY_BYTES)];
        }
        return copy;
    }

    /** A two-way connection that begins with the recent past. */
    ConsoleStream connect() throws IOException {
        PipeStream[] ends = PipeStream.pair();
        synchronized (this) {
            if (closed) {
                throw new IOException("the machine is off");
            }
            ends[0].out().offer(history());
            connections.add(ends[0]);
        }
        InputStream typed = ends[0].input();
        Thread.ofVirtual().name("serial input").start(() -> {
            byte[] buffer = new byte[256];
            try (PipeStream ours = ends[0]) {
                for (int count = typed.read(buffer); count >= 0; count = typed.read(buffer)) {
                    toGuest.accept(java.util.Arrays.copyOf(buffer, count));
                }
                LOG.debug("{} left the serial line", ours);
            } catch (IOException e) {
                LOG.debug("a serial connection ended: {}", e.getMessage());
            } finally {
                connections.remove(ends[0]);
            }
        });
        return ends[1];
    }

    /** Stops after everything queued has been written. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            writer.join(2000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        connections.forEach(PipeStream::close);
    }
}
