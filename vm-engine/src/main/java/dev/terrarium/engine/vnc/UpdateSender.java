// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.device.ScreenSource;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The half of a connection that sends. Runs on a thread of its own, so that a client that does not read still gets its
 * keys through; looks at the screen only while the client waits for an update, and at most 60 times a second.
 */
final class UpdateSender {
    private static final long INTERVAL = TimeUnit.SECONDS.toNanos(1) / 60;
    private static final int MAX_RECTANGLE = 1 << 17;
    private static final int FLUSH_SIZE = 1 << 16;
    private static final int FALLBACK_WIDTH = 640;
    private static final int FALLBACK_HEIGHT = 480;

    /** What the client has asked for, by its latest SetEncodings. */
    private record Wishes(
            int encoding,
            int compressLevel,
            boolean resize,
            boolean extendedResize,
            boolean extendedKeys,
            boolean qemuLeds,
            boolean vmwareLeds) {}

    private final Screen screen;
    private final OutputStream output;
    private final WireOutput wire = new WireOutput();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean closed;
    private long requests;
    private boolean requested;
    private Area requestedArea = Area.EMPTY;
    private final List<Area> refresh = new ArrayList<>();
    private PixelFormat format = PixelFormat.NATIVE;
    private boolean colourMapDue;
    private Wishes wishes = new Wishes(Encoding.RAW, 1, false, false, false, false, false);
    private boolean announceDue;
    private boolean layoutDue;
    private boolean refusalDue;

    private final ScreenSource.Frame frame = new ScreenSource.Frame();
    private final SeenPicture seen = new SeenPicture();
    private final RawEncoder raw = new RawEncoder();
    private final HextileEncoder hextile = new HextileEncoder();
    private final ZrleEncoder zrle = new ZrleEncoder();
    private int[] clipped = new int[0];
    private int[] converted = new int[0];
    private boolean behind = true;
    private int sentLeds = -1;
    private volatile int width;
    private volatile int height;

    UpdateSender(Screen screen, OutputStream output) {
        this.screen = screen;
        this.output = output;
    }

    /** The client's picture in pixels. */
    int width() {
        return width;
    }

    int height() {
        return height;
    }

    /** ServerInit (RFC 6143, section 7.3.2); before {@link #run}. */
    void sendServerInit(byte[] name) throws IOException {
        screen.capture(frame);
        resizeTo(frameWidth(), frameHeight());
        wire.u16(width);
        wire.u16(height);
        PixelFormat.NATIVE.write(wire);
        wire.u32(name.length);
        wire.raw(name, 0, name.length);
        wire.drainTo(output);
        output.flush();
    }

    private int frameWidth() {
        return frame.width() > 0 ? Math.min(frame.width(), 0xFFFF) : FALLBACK_WIDTH;
    }

    private int frameHeight() {
        return frame.height() > 0 ? Math.min(frame.height(), 0xFFFF) : FALLBACK_HEIGHT;
    }

    private void resizeTo(int newWidth, int newHeight) {
        width = newWidth;
        height = newHeight;
        seen.resize(newWidth, newHeight);
        behind = true;
    }

    void setFormat(PixelFormat newFormat) {
        lock.lock();
        try {
            format = newFormat;
            colourMapDue = newFormat.usesColourMap();
        } finally {
            lock.unlock();
        }
    }

    /** SetEncodings (RFC 6143, section 7.5.2): the first one known is used. */
    void setEncodings(int[] encodings) {
        int encoding = -1;
        int level = 1;
        boolean resize = false;
        boolean extendedResize = false;
        boolean extendedKeys = false;
        boolean qemuLeds = false;
        boolean vmwareLeds = false;
        for (int number : encodings) {
            switch (number) {
                case Encoding.RAW, Encoding.HEXTILE, Encoding.ZRLE -> encoding = encoding < 0 ? number : encoding;
                case Encoding.DESKTOP_SIZE -> resize = true;
                case Encoding.EXTENDED_DESKTOP_SIZE -> extendedResize = true;
                case Encoding.QEMU_EXTENDED_KEY -> extendedKeys = true;
                case Encoding.QEMU_LED_STATE -> qemuLeds = true;
                case Encoding.VMWARE_LED_STATE -> vmwareLeds = true;
                default -> {
                    if (number >= Encoding.COMPRESS_LEVEL_0 && number <= Encoding.COMPRESS_LEVEL_9) {
                        level = Math.max(1, number - Encoding.COMPRESS_LEVEL_0);
                    }
                }
            }
        }
        lock.lock();
        try {
            announceDue |= extendedKeys && !wishes.extendedKeys();
            layoutDue |= extendedResize && !wishes.extendedResize();
            wishes = new Wishes(
                    Math.max(encoding, Encoding.RAW),
                    level,
                    resize,
                    extendedResize,
                    extendedKeys,
                    qemuLeds,
                    vmwareLeds);
        } finally {
            lock.unlock();
        }
    }

    /** FramebufferUpdateRequest (RFC 6143, section 7.5.3). */
    void request(Area area, boolean incremental) {
        lock.lock();
        try {
            requestedArea = requested ? requestedArea.union(area) : area;
            requested = true;
            requests++;
            if (!incremental) {
                if (refresh.size() > 64) {
                    Area all = refresh.stream().reduce(Area.EMPTY, Area::union);
                    refresh.clear();
                    refresh.add(all);
                }
                refresh.add(area);
                layoutDue |= wishes.extendedResize();
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** SetDesktopSize: the guest alone sets its mode. */
    void refuseDesktopSize() {
        lock.lock();
        try {
            refusalDue = wishes.extendedResize();
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What one update is made of, taken under the lock. */
    private record Turn(
            long request,
            Area area,
            List<Area> refresh,
            PixelFormat format,
            Wishes wishes,
            boolean announce,
            boolean layout,
            boolean refusal,
            boolean colourMap) {}

    /** Sends updates until closed. */
    void run() throws IOException, InterruptedException {
        try {
            long next = System.nanoTime();
            while (awaitTurn(next)) {
                next = System.nanoTime() + INTERVAL;
                step();
            }
        } finally {
            zrle.close();
        }
    }

    /** Waits for a request and for the time of the next look at the screen; false if closed. */
    private boolean awaitTurn(long time) throws InterruptedException {
        lock.lock();
        try {
            while (!closed) {
                long wait = time - System.nanoTime();
                if (!requested) {
                    changed.await();
                } else if (wait > 0) {
                    changed.awaitNanos(wait);
                } else {
                    return true;
                }
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void step() throws IOException {
        behind |= screen.capture(frame);
        boolean resized = frameWidth() != width || frameHeight() != height;
        Turn turn = peek();
        if (resized && (turn.wishes().resize() || turn.wishes().extendedResize())) {
            resizeTo(frameWidth(), frameHeight());
            consume(turn, false);
            sendSize(turn.wishes().extendedResize());
            return;
        }
        turn.refresh().forEach(seen::forget);
        Area whole = new Area(0, 0, width, height);
        Area area = turn.area().intersect(whole);
        List<Area> areas = List.of();
        int[] picture = frame.pixels();
        if (behind || !turn.refresh().isEmpty()) {
            if (resized || frame.width() == 0) {
                picture = clip();
            }
            areas = seen.update(picture, area);
            behind = !area.equals(whole);
        }
        int leds = turn.wishes().qemuLeds() || turn.wishes().vmwareLeds() ? screen.leds() & 7 : sentLeds;
        boolean pseudo = turn.announce() || turn.layout() || turn.refusal() || leds != sentLeds;
        if (areas.isEmpty() && !pseudo && turn.refresh().isEmpty()) {
            return;
        }
        consume(turn, true);
        sendUpdate(turn, areas, picture, leds);
    }

    private Turn peek() {
        lock.lock();
        try {
            List<Area> again = List.copyOf(refresh);
            refresh.clear();
            return new Turn(
                    requests, requestedArea, again, format, wishes, announceDue, layoutDue, refusalDue, colourMapDue);
        } finally {
            lock.unlock();
        }
    }

    /** The turn's request is answered; with {@code everything}, so is what was due beside the picture. */
    private void consume(Turn turn, boolean everything) {
        lock.lock();
        try {
            requested = requests != turn.request();
            layoutDue &= !turn.layout();
            if (everything) {
                announceDue &= !turn.announce();
                refusalDue &= !turn.refusal();
                colourMapDue &= !turn.colourMap();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The frame cut or filled up to the size of a client that cannot change its own. */
    private int[] clip() {
        if (clipped.length != width * height) {
            clipped = new int[width * height];
        }
        java.util.Arrays.fill(clipped, 0);
        int columns = Math.min(width, frame.width());
        for (int y = 0; y < Math.min(height, frame.height()); y++) {
            System.arraycopy(frame.pixels(), y * frame.width(), clipped, y * width, columns);
        }
        return clipped;
    }

    private void sendSize(boolean extended) throws IOException {
        wire.u8(0);
        wire.u8(0);
        wire.u16(1);
        if (extended) {
            layout(0, 0);
        } else {
            wire.rectangle(0, 0, width, height, Encoding.DESKTOP_SIZE);
        }
        wire.drainTo(output);
        output.flush();
    }

    /** ExtendedDesktopSize with one screen (rfbproto, "ExtendedDesktopSize Pseudo-encoding"). */
    private void layout(int reason, int result) {
        wire.rectangle(reason, result, width, height, Encoding.EXTENDED_DESKTOP_SIZE);
        wire.u8(1);
        wire.u8(0);
        wire.u16(0);
        wire.u32(0);
        wire.u16(0);
        wire.u16(0);
        wire.u16(width);
        wire.u16(height);
        wire.u32(0);
    }

    private void sendUpdate(Turn turn, List<Area> areas, int[] picture, int leds) throws IOException {
        if (turn.colourMap()) {
            turn.format().writeColourMap(wire);
        }
        RectangleEncoder encoder =
                switch (turn.wishes().encoding()) {
                    case Encoding.ZRLE -> zrle;
                    case Encoding.HEXTILE -> hextile;
                    default -> raw;
                };
        zrle.setLevel(turn.wishes().compressLevel());
        List<Area> parts = areas.stream().flatMap(area -> split(area).stream()).toList();
        int first = turn.announce() ? 1 : 0;
        first += turn.layout() ? 1 : 0;
        first += turn.refusal() ? 1 : 0;
        boolean ledsChanged = leds != sentLeds;
        first += ledsChanged && turn.wishes().qemuLeds() ? 1 : 0;
        first += ledsChanged && turn.wishes().vmwareLeds() ? 1 : 0;
        wire.u8(0);
        wire.u8(0);
        wire.u16(first + parts.size());
        if (turn.announce()) {
            wire.rectangle(0, 0, 0, 0, Encoding.QEMU_EXTENDED_KEY);
        }
        if (turn.layout()) {
            layout(0, 0);
        }
        if (turn.refusal()) {
            layout(1, 1);
        }
        if (ledsChanged && turn.wishes().qemuLeds()) {
            wire.rectangle(0, 0, 0, 0, Encoding.QEMU_LED_STATE);
            wire.u8(leds);
        }
        if (ledsChanged && turn.wishes().vmwareLeds()) {
            wire.rectangle(0, 0, 0, 0, Encoding.VMWARE_LED_STATE);
            wire.u32(leds);
        }
        sentLeds = leds;
        for (Area part : parts) {
            wire.rectangle(part.x(), part.y(), part.width(), part.height(), encoder.number());
            int count = part.width() * part.height();
            if (converted.length < count) {
                converted = new int[count];
            }
            for (int row = 0; row < part.height(); row++) {
                turn.format()
                        .convert(
                                picture,
                                (part.y() + row) * width + part.x(),
                                converted,
                                row * part.width(),
                                part.width());
            }
            encoder.encode(converted, part.width(), part.height(), turn.format(), wire);
            if (wire.size() >= FLUSH_SIZE) {
                wire.drainTo(output);
            }
        }
        wire.drainTo(output);
        output.flush();
    }

    /** Pieces of a size that bounds the buffers. */
    private static List<Area> split(Area area) {
        int rows = Math.max(64, MAX_RECTANGLE / area.width() & -64);
        List<Area> parts = new ArrayList<>();
        for (int y = 0; y < area.height(); y += rows) {
            parts.add(new Area(area.x(), area.y() + y, area.width(), Math.min(rows, area.height() - y)));
        }
        return parts;
    }
}
