// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.clipboard.ClipboardMessage;
import dev.terrarium.engine.device.CursorShape;
import dev.terrarium.engine.device.ScreenSource;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The half of a connection that sends. Runs on a thread of its own, so that a client that does not read still gets its
 * keys through; looks at the screen only while the client waits for an update, and at most 60 times a second.
 */
final class UpdateSender {
    private static final long INTERVAL = TimeUnit.SECONDS.toNanos(1) / 60;
    private static final int MAX_RECTANGLE = 1 << 17;
    private static final int FLUSH_SIZE = 1 << 16;
    private static final int MAX_REFUSALS = 64;
    private static final int FALLBACK_WIDTH = 640;
    private static final int FALLBACK_HEIGHT = 480;

    private final Screen screen;
    private final OutputStream output;
    private final ClipboardPort clipboard;
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
    private ClientWishes wishes = ClientWishes.NONE;
    private boolean announceDue;
    private boolean layoutDue;
    private int refusalsDue;

    private final ScreenSource.Frame frame = new ScreenSource.Frame();
    private final SeenPicture seen = new SeenPicture();
    private final RawEncoder raw = new RawEncoder();
    private final HextileEncoder hextile = new HextileEncoder();
    private final ZrleEncoder zrle = new ZrleEncoder();
    private int[] clipped = new int[0];
    private int[] converted = new int[0];
    private final PseudoRectangles extras = new PseudoRectangles();
    private boolean behind = true;
    private int sentLeds = -1;
    private String sentName;
    private @Nullable CursorShape sentCursor;
    private volatile int width;
    private volatile int height;

    UpdateSender(Screen screen, ClipboardExchange exchange, OutputStream output) {
        this.screen = screen;
        this.output = output;
        sentName = screen.name();
        clipboard = new ClipboardPort(exchange, this::wake);
    }

    ClipboardPort clipboard() {
        return clipboard;
    }

    /** The client's picture in pixels. */
    int width() {
        return width;
    }

    int height() {
        return height;
    }

    /** ServerInit (RFC 6143, section 7.3.2); before {@link #run}. */
    void sendServerInit() throws IOException {
        byte[] name = sentName.getBytes(StandardCharsets.UTF_8);
        screen.capture(frame);
        resizeTo(frameWidth(), frameHeight());
        wire.u16(width);
        wire.u16(height);
        PixelFormat.NATIVE.write(wire);
        wire.u32(name.length);
        wire.raw(name, 0, name.length);
        flush();
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

    void setEncodings(int[] encodings) {
        ClientWishes asked = ClientWishes.of(encodings);
        lock.lock();
        try {
            announceDue |= asked.has(Encoding.QEMU_EXTENDED_KEY) && !wishes.has(Encoding.QEMU_EXTENDED_KEY);
            layoutDue |= asked.has(Encoding.EXTENDED_DESKTOP_SIZE) && !wishes.has(Encoding.EXTENDED_DESKTOP_SIZE);
            wishes = asked;
        } finally {
            lock.unlock();
        }
        if (asked.has(ClipboardMessage.ENCODING)) {
            clipboard.extend();
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
                layoutDue |= wishes.has(Encoding.EXTENDED_DESKTOP_SIZE);
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** SetDesktopSize: the guest alone sets its mode. Each request is answered, unless 64 are waiting. */
    void refuseDesktopSize() {
        lock.lock();
        try {
            if (wishes.has(Encoding.EXTENDED_DESKTOP_SIZE) && refusalsDue < MAX_REFUSALS) {
                refusalsDue++;
            }
        } finally {
            lock.unlock();
        }
    }

    private void wake() {
        lock.lock();
        try {
            changed.signal();
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
            ClientWishes wishes,
            boolean announce,
            boolean layout,
            int refusals,
            boolean colourMap) {}

    /** Sends updates until closed. */
    void run() throws IOException, InterruptedException {
        try {
            long next = System.nanoTime();
            while (true) {
                switch (await(next)) {
                    case CLOSED -> {
                        return;
                    }
                    case CLIPBOARD -> {
                        clipboard.writeTo(wire);
                        flush();
                    }
                    case PICTURE -> {
                        next = System.nanoTime() + INTERVAL;
                        step();
                    }
                }
            }
        } finally {
            zrle.close();
        }
    }

    private enum Due {
        PICTURE,
        CLIPBOARD,
        CLOSED
    }

    /** Waits for a request and for the time of the next look at the screen, or for news of the clipboard. */
    private Due await(long time) throws InterruptedException {
        lock.lock();
        try {
            while (!closed) {
                long wait = time - System.nanoTime();
                if (clipboard.isDue()) {
                    return Due.CLIPBOARD;
                }
                if (!requested) {
                    changed.await();
                } else if (wait > 0) {
                    changed.awaitNanos(wait);
                } else {
                    return Due.PICTURE;
                }
            }
            return Due.CLOSED;
        } finally {
            lock.unlock();
        }
    }

    private void flush() throws IOException {
        wire.drainTo(output);
        output.flush();
    }

    private void step() throws IOException {
        behind |= screen.capture(frame);
        boolean resized = frameWidth() != width || frameHeight() != height;
        Turn turn = peek();
        if (resized && turn.wishes().anyResize()) {
            resizeTo(frameWidth(), frameHeight());
            consume(turn, false);
            if (turn.wishes().has(Encoding.EXTENDED_DESKTOP_SIZE)) {
                extras.layout(PseudoRectangles.BY_SERVER, PseudoRectangles.DONE, width, height);
            } else {
                extras.desktopSize(width, height);
            }
            sendExtras(0);
            flush();
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
        collectExtras(turn);
        if (areas.isEmpty() && extras.count() == 0 && turn.refresh().isEmpty()) {
            return;
        }
        consume(turn, true);
        sendUpdate(turn, areas, picture);
    }

    /** What is due beside the picture, because the client asked or because it changed. */
    private void collectExtras(Turn turn) {
        ClientWishes asked = turn.wishes();
        if (turn.announce()) {
            extras.extendedKeys();
        }
        if (turn.layout()) {
            extras.layout(PseudoRectangles.BY_SERVER, PseudoRectangles.DONE, width, height);
        }
        for (int i = 0; i < turn.refusals(); i++) {
            extras.layout(PseudoRectangles.BY_THIS_CLIENT, PseudoRectangles.PROHIBITED, width, height);
        }
        String name = screen.name();
        if (asked.has(Encoding.DESKTOP_NAME) && !name.equals(sentName)) {
            sentName = name;
            extras.name(name);
        }
        int leds = asked.anyLeds() ? screen.leds() & 7 : sentLeds;
        if (leds != sentLeds) {
            sentLeds = leds;
            if (asked.has(Encoding.QEMU_LED_STATE)) {
                extras.qemuLeds(leds);
            }
            if (asked.has(Encoding.VMWARE_LED_STATE)) {
                extras.vmwareLeds(leds);
            }
        }
        CursorShape cursor = asked.anyCursor() ? screen.cursor() : sentCursor;
        if (cursor != null && !cursor.equals(sentCursor)) {
            sentCursor = cursor;
            if (asked.has(Encoding.CURSOR_WITH_ALPHA)) {
                extras.cursorWithAlpha(cursor);
            } else {
                extras.cursor(cursor, turn.format());
            }
        }
    }

    private Turn peek() {
        lock.lock();
        try {
            List<Area> again = List.copyOf(refresh);
            refresh.clear();
            return new Turn(
                    requests, requestedArea, again, format, wishes, announceDue, layoutDue, refusalsDue, colourMapDue);
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
                refusalsDue -= turn.refusals();
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

    /** An update's head and what is not picture; so many rectangles of picture follow. */
    private void sendExtras(int pictures) {
        wire.u8(0);
        wire.u8(0);
        wire.u16(extras.count() + pictures);
        extras.moveTo(wire);
    }

    private void sendUpdate(Turn turn, List<Area> areas, int[] picture) throws IOException {
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
        sendExtras(parts.size());
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
        flush();
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
