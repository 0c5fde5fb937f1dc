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
import com.tigervnc.rfb.Screen;
import com.tigervnc.rfb.ScreenSet;
import com.tigervnc.rfb.SecurityClient;
import com.tigervnc.rfb.screenTypes;
import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.clipboard.ClipboardMessage;
import dev.terrarium.engine.clipboard.ClipboardMessage.Action;
import dev.terrarium.engine.clipboard.ClipboardMessage.Capabilities;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
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

        /** Another viewer of the machine has text for the clipboard, or has none any more. */
        void clipboardOffered(boolean available);

        /** Another viewer wants the text that was offered. */
        void clipboardWanted();

        /** Another viewer's text. */
        void clipboardText(String text);
    }

    private sealed interface Message {
        record Request(boolean incremental) implements Message {}

        record Key(int scanCode, boolean down) implements Message {}

        record Pointer(int x, int y, int mask) implements Message {}

        record Size(int width, int height) implements Message {}

        record Clipboard(ClipboardMessage content) implements Message {}
    }

    private static final Logger LOG = LoggerFactory.getLogger(RfbConnection.class);
    private static final int MAX_QUEUED = 1024;
    private static final int MAX_SIDE = 8192;
    private static final int CLIENT_CUT_TEXT = 6;
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
    private volatile @Nullable PointerShape pointerShape;
    private volatile boolean sizeRequestsOffered;
    private volatile Capabilities peer = new Capabilities(Set.of(), false, 0);
    private final Queue<CompletableFuture<SizeAnswer>> sizeRequests = new ConcurrentLinkedQueue<>();

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
            ExtendedReader.QEMU_LED_STATE,
            ExtendedReader.CURSOR_WITH_ALPHA,
            Encodings.pseudoEncodingCursor,
            Encodings.pseudoEncodingDesktopName,
            ClipboardMessage.ENCODING
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

    /** The pointer to show over the picture; null as long as the server has not said. */
    @Nullable
    PointerShape pointerShape() {
        return pointerShape;
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
        } catch (NegativeArraySizeException e) {
            // InStream.readString bounds a name's length from above only
            throw new IOException("a name of negative length", e);
        } finally {
            close();
            answerSizeRequests(SizeAnswer.DISCONNECTED);
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
        sizeRequestsOffered = true;
        resized();
        if (reason == screenTypes.reasonClient) {
            CompletableFuture<SizeAnswer> request = sizeRequests.poll();
            if (request != null) {
                request.complete(SizeAnswer.of(result));
            }
        }
    }

    private void answerSizeRequests(SizeAnswer answer) {
        CompletableFuture<SizeAnswer> request = sizeRequests.poll();
        while (request != null) {
            request.complete(answer);
            request = sizeRequests.poll();
        }
    }

    /** Asks for another size of the guest's screen, in pixels. The answer may come on any thread. */
    CompletableFuture<SizeAnswer> requestSize(int width, int height) {
        if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) {
            return CompletableFuture.completedFuture(SizeAnswer.INVALID_LAYOUT);
        }
        if (!sizeRequestsOffered) {
            return CompletableFuture.completedFuture(SizeAnswer.UNSUPPORTED);
        }
        CompletableFuture<SizeAnswer> answer = new CompletableFuture<>();
        sizeRequests.add(answer);
        if (!enqueue(new Message.Size(width, height))) {
            sizeRequests.remove(answer);
            answer.complete(SizeAnswer.DISCONNECTED);
        }
        return answer;
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

    void pointerShape(PointerShape shape) {
        pointerShape = shape;
        listener.changed();
    }

    @Override
    public void bell() {
        listener.bell();
    }

    @Override
    public void serverCutText(String text, int length) {
        listener.clipboardText(text);
    }

    void clipboardMessage(ClipboardMessage message) {
        switch (message) {
            case Capabilities theirs -> {
                peer = theirs;
                enqueue(new Message.Clipboard(Capabilities.OURS));
            }
            case ClipboardMessage.Notify(boolean text) -> listener.clipboardOffered(text);
            case ClipboardMessage.Request(boolean text) -> {
                if (text) {
                    listener.clipboardWanted();
                }
            }
            case ClipboardMessage.Peek() -> LOG.debug("the server peeks, but has been told of all there is");
            case ClipboardMessage.Provide(var text) -> text.ifPresent(listener::clipboardText);
        }
    }

    /** Says something about the clipboard, if the server understands it. */
    void clipboard(ClipboardMessage message) {
        boolean understood =
                switch (message) {
                    case Capabilities ours -> true;
                    case ClipboardMessage.Notify notify -> peer.takes(Action.NOTIFY);
                    case ClipboardMessage.Request request -> peer.takes(Action.REQUEST);
                    case ClipboardMessage.Peek peek -> peer.takes(Action.PEEK);
                    case ClipboardMessage.Provide provide -> peer.takes(Action.PROVIDE);
                };
        if (understood) {
            enqueue(new Message.Clipboard(message));
        }
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
            case Message.Size(int width, int height) -> {
                ScreenSet screens = new ScreenSet();
                screens.add_screen(new Screen(0, 0, 0, width, height, 0));
                writer.writeSetDesktopSize(width, height, screens);
            }
            case Message.Clipboard(ClipboardMessage content) -> {
                byte[] payload = content.bytes();
                writer.startMsg(CLIENT_CUT_TEXT);
                getOutStream().pad(3);
                getOutStream().writeU32(-payload.length);
                getOutStream().writeBytes(payload, 0, payload.length);
                writer.endMsg();
            }
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
