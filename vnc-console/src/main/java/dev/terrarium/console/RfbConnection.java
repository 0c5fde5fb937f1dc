// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import com.tigervnc.rdr.EndOfStream;
import com.tigervnc.rfb.CConnection;
import com.tigervnc.rfb.CMsgReaderV3;
import com.tigervnc.rfb.CMsgWriterV3;
import com.tigervnc.rfb.CSecurity;
import com.tigervnc.rfb.CSecurityNone;
import com.tigervnc.rfb.Encodings;
import com.tigervnc.rfb.LogWriter;
import com.tigervnc.rfb.PixelFormat;
import com.tigervnc.rfb.Point;
import com.tigervnc.rfb.Rect;
import com.tigervnc.rfb.ScreenSet;
import com.tigervnc.rfb.SecurityClient;
import dev.terrarium.engine.ConsoleStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One RFB connection (RFC 6143) to a machine, on TigerVNC's protocol classes. Its reader runs in the thread that calls
 * {@link #run}; what it sends goes through a bounded queue to a thread of its own.
 */
final class RfbConnection extends CConnection implements AutoCloseable {
    /** Told on the connection's threads. */
    interface Listener {
        /** There is a picture, of this size. */
        void opened();

        /** The picture, its size or the keyboard's lights are not what they were. */
        void changed();

        void bell();
    }

    private sealed interface Message {
        record Request(boolean incremental) implements Message {}

        record Key(int scanCode, boolean down) implements Message {}

        record Pointer(int x, int y, int mask) implements Message {}
    }

    private static final Logger LOG = LoggerFactory.getLogger(RfbConnection.class);
    private static final int MAX_QUEUED = 1024;
    private static final int MAX_SIDE = 8192;
    private static final int QEMU_MESSAGE = 255;
    private static final int EXTENDED_KEY_EVENT = 0;
    private static final PixelFormat FORMAT = new PixelFormat(32, 24, false, true, 255, 255, 255, 16, 8, 0);

    static {
        // its logger writes to standard error; errors still come out, as exceptions do
        LogWriter.setLogParams("0");
    }

    private final ConsoleStream stream;
    private final Listener listener;
    private final GuestPicture picture = new GuestPicture();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition queued = lock.newCondition();
    private final Deque<Message> queue = new ArrayDeque<>();
    private final int[] encodings;
    private final Thread sender;
    private boolean closed;
    private @Nullable ExtendedReader extendedReader;
    private boolean sizeChanged;
    private volatile boolean extendedKeys;
    private volatile int lights;

    RfbConnection(ConsoleStream stream, Listener listener) {
        this(stream, listener, Encodings.encodingRaw);
    }

    /** Prefers this encoding. */
    RfbConnection(ConsoleStream stream, Listener listener, int encoding) {
        this.stream = stream;
        this.listener = listener;
        encodings = new int[] {
            encoding,
            Encodings.encodingZRLE,
            Encodings.encodingHextile,
            Encodings.encodingCopyRect,
            Encodings.encodingRaw,
            Encodings.pseudoEncodingDesktopSize,
            Encodings.pseudoEncodingExtendedDesktopSize,
            Encodings.pseudoEncodingLastRect,
            ExtendedReader.QEMU_EXTENDED_KEY,
            ExtendedReader.QEMU_LED_STATE
        };
        security = new SecurityClient() {
            @Override
            public CSecurity GetCSecurity(int type) {
                return new CSecurityNone();
            }
        };
        cp.supportsDesktopResize = true;
        cp.supportsExtendedDesktopSize = true;
        cp.supportsLastRect = true;
        setServerName("machine");
        setStreams(new StreamInput(stream.input()), new StreamOutput(stream.output()));
        sender = Thread.ofPlatform().daemon().name("console-sender").unstarted(this::send);
    }

    GuestPicture picture() {
        return picture;
    }

    /** Keyboard lights: bit 0 scroll lock, bit 1 num lock, bit 2 caps lock. */
    int lights() {
        return lights;
    }

    boolean takesScanCodes() {
        return extendedKeys;
    }

    /** Reads until the connection ends. */
    void run() throws IOException {
        try {
            initialiseProtocol();
            while (true) {
                processMsg();
            }
        } catch (EndOfStream e) {
            LOG.debug("the server has ended the console");
        } catch (com.tigervnc.rdr.Exception e) {
            if (!isClosed()) {
                throw new IOException(e.getMessage(), e);
            }
        } finally {
            close();
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the connection, from any thread. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            queued.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            stream.close();
        } catch (IOException e) {
            LOG.debug("console stream did not close cleanly: {}", e.getMessage());
        }
    }

    @Override
    public void processMsg() {
        if (state() == RFBSTATE_INITIALISATION) {
            extendedReader = new ExtendedReader(this);
            extendedReader.readServerInit();
        } else if (state() == RFBSTATE_NORMAL && extendedReader != null) {
            extendedReader.readMsg();
        } else {
            super.processMsg();
        }
    }

    @Override
    public CMsgReaderV3 reader() {
        return extendedReader == null ? super.reader() : extendedReader;
    }

    @Override
    public PixelFormat getPreferredPF() {
        return FORMAT;
    }

    @Override
    public void serverInit() {
        super.serverInit();
        CMsgWriterV3 writer = writer();
        cp.setPF(FORMAT);
        writer.writeSetPixelFormat(FORMAT);
        writer.writeSetEncodings(encodings.length, encodings);
        resized();
        sizeChanged = false;
        listener.opened();
        sender.start();
        enqueue(new Message.Request(false));
    }

    @Override
    public void setDesktopSize(int width, int height) {
        super.setDesktopSize(width, height);
        resized();
    }

    @Override
    public void setExtendedDesktopSize(int reason, int result, int width, int height, ScreenSet layout) {
        super.setExtendedDesktopSize(reason, result, width, height, layout);
        resized();
    }

    private void resized() {
        if (cp.width > MAX_SIDE || cp.height > MAX_SIDE) {
            throw new com.tigervnc.rfb.Exception("a screen of " + cp.width + " by " + cp.height);
        }
        if (cp.width != picture.width() || cp.height != picture.height()) {
            picture.resize(cp.width, cp.height);
            sizeChanged = true;
        }
    }

    @Override
    public void framebufferUpdateEnd() {
        enqueue(new Message.Request(!sizeChanged));
        sizeChanged = false;
        listener.changed();
    }

    @Override
    public void fillRect(Rect area, int pixel) {
        picture.fill(area.tl.x, area.tl.y, area.width(), area.height(), pixel);
    }

    @Override
    public void imageRect(Rect area, Object pixels) {
        if (pixels instanceof int[] values && values.length >= area.width() * area.height()) {
            picture.draw(area.tl.x, area.tl.y, area.width(), area.height(), values);
        } else {
            throw new com.tigervnc.rfb.Exception("a picture in an encoding that was not asked for");
        }
    }

    @Override
    public void copyRect(Rect area, int sourceX, int sourceY) {
        picture.copy(area.tl.x, area.tl.y, area.width(), area.height(), sourceX, sourceY);
    }

    @Override
    public void setCursor(int width, int height, Point hotspot, int[] data, byte[] mask) {
        // never asked for: the guest draws its own pointer
    }

    @Override
    public void bell() {
        listener.bell();
    }

    @Override
    public void serverCutText(String text, int length) {
        LOG.debug("{} characters of clipboard from the guest, not used", length);
    }

    void extendedKeysOffered() {
        extendedKeys = true;
    }

    void lights(int value) {
        lights = value;
        listener.changed();
    }

    /** A key as an XT scan code, bit 7 for an E0 prefix. Returns false if it cannot be sent. */
    boolean key(int scanCode, boolean down) {
        return enqueue(new Message.Key(scanCode, down));
    }

    /** The pointer is at this guest pixel, with RFB's button mask. */
    void pointer(int x, int y, int mask) {
        enqueue(new Message.Pointer(x, y, mask));
    }

    private boolean enqueue(Message message) {
        lock.lock();
        try {
            if (closed || queue.size() >= MAX_QUEUED) {
                return false;
            }
            if (message instanceof Message.Pointer now
                    && queue.peekLast() instanceof Message.Pointer last
                    && now.mask() == last.mask()) {
                queue.removeLast();
            }
            queue.add(message);
            queued.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void send() {
        try {
            while (true) {
                Message message = next();
                if (message == null) {
                    return;
                }
                write(message);
            }
        } catch (com.tigervnc.rdr.Exception e) {
            LOG.debug("console cannot send: {}", e.getMessage());
            close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
        }
    }

    private @Nullable Message next() throws InterruptedException {
        lock.lock();
        try {
            while (queue.isEmpty() && !closed) {
                queued.await();
            }
            return closed ? null : queue.remove();
        } finally {
            lock.unlock();
        }
    }

    private void write(Message message) {
        CMsgWriterV3 writer = writer();
        switch (message) {
            case Message.Request(boolean incremental) ->
                writer.writeFramebufferUpdateRequest(new Rect(0, 0, picture.width(), picture.height()), incremental);
            case Message.Pointer(int x, int y, int mask) -> writer.writePointerEvent(new Point(x, y), mask);
            case Message.Key(int scanCode, boolean down) -> {
                if (extendedKeys) {
                    writer.startMsg(QEMU_MESSAGE);
                    getOutStream().writeU8(EXTENDED_KEY_EVENT);
                    getOutStream().writeU16(down ? 1 : 0);
                    getOutStream().writeU32(0);
                    getOutStream().writeU32(scanCode);
                    writer.endMsg();
                } else {
                    LOG.debug("the server does not take scan codes: key {} is lost", scanCode);
                }
            }
        }
    }
}
