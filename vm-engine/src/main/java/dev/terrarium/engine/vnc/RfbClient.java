// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.clipboard.ClipboardMessage;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.BitSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client's connection: reads its messages on the caller's thread while an {@link UpdateSender} sends on another. */
final class RfbClient implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(RfbClient.class);
    private static final int HANDSHAKE_SECONDS = 60;
    private static final int SET_PIXEL_FORMAT = 0;
    private static final int SET_ENCODINGS = 2;
    private static final int UPDATE_REQUEST = 3;
    private static final int KEY_EVENT = 4;
    private static final int POINTER_EVENT = 5;
    private static final int CLIENT_CUT_TEXT = 6;
    private static final int SET_DESKTOP_SIZE = 251;
    private static final int QEMU_MESSAGE = 255;
    private static final int QEMU_EXTENDED_KEY_EVENT = 0;
    private static final long MAX_CUT_TEXT = 1 << 24;

    private final Screen screen;
    private final RelativePointer pointer;
    private final InputStream rawInput;
    private final OutputStream output;
    private final DataInputStream in;
    private final UpdateSender sender;
    private final BitSet held = new BitSet();
    private final CountDownLatch greeted = new CountDownLatch(1);

    RfbClient(
            Screen screen,
            RelativePointer pointer,
            ClipboardExchange exchange,
            InputStream input,
            OutputStream output) {
        this.screen = screen;
        this.pointer = pointer;
        this.rawInput = input;
        this.output = output;
        in = new DataInputStream(new BufferedInputStream(input));
        sender = new UpdateSender(screen, exchange, output);
    }

    /** Returns when the client has left, or {@link #close} was called. */
    void run(@Nullable String password) throws IOException {
        Thread guard = Thread.ofVirtual().name("rfb-handshake-guard").start(this::endIfNotGreeted);
        Thread writer = Thread.ofPlatform().daemon().name("rfb-sender").unstarted(this::send);
        try {
            new Handshake(in, output).run(password);
            sender.sendServerInit();
            sender.clipboard().open();
            greeted.countDown();
            writer.start();
            while (true) {
                int type = in.read();
                if (type < 0) {
                    return;
                }
                message(type);
            }
        } finally {
            greeted.countDown();
            sender.clipboard().close();
            close();
            held.stream().forEach(code -> screen.key(code, false));
            pointer.release();
            join(writer);
            join(guard);
        }
    }

    private void endIfNotGreeted() {
        try {
            if (!greeted.await(HANDSHAKE_SECONDS, TimeUnit.SECONDS)) {
                LOG.info("RFB client did not finish its handshake in {} s", HANDSHAKE_SECONDS);
                close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send() {
        try {
            sender.run();
        } catch (IOException e) {
            LOG.debug("RFB client does not listen any more: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            close();
        }
    }

    /** Ends the connection, from any thread. */
    @Override
    public void close() {
        sender.close();
        try {
            rawInput.close();
            output.close();
        } catch (IOException e) {
            LOG.debug("RFB connection did not close cleanly: {}", e.getMessage());
        }
    }

    private void message(int type) throws IOException {
        switch (type) {
            case SET_PIXEL_FORMAT -> {
                in.skipNBytes(3);
                sender.setFormat(PixelFormat.read(in));
            }
            case SET_ENCODINGS -> setEncodings();
            case UPDATE_REQUEST -> {
                boolean incremental = in.readUnsignedByte() != 0;
                int x = in.readUnsignedShort();
                int y = in.readUnsignedShort();
                int width = in.readUnsignedShort();
                sender.request(new Area(x, y, width, in.readUnsignedShort()), incremental);
            }
            case KEY_EVENT -> {
                boolean down = in.readUnsignedByte() != 0;
                in.skipNBytes(2);
                key(Keysyms.scanCode(in.readInt()), down);
            }
            case POINTER_EVENT -> {
                int mask = in.readUnsignedByte();
                int x = Math.min(in.readUnsignedShort(), sender.width() - 1);
                int y = Math.min(in.readUnsignedShort(), sender.height() - 1);
                pointer.event(mask, x, y, sender.width(), sender.height());
            }
            case CLIENT_CUT_TEXT -> clientCutText();
            case SET_DESKTOP_SIZE -> {
                in.skipNBytes(5);
                int screens = in.readUnsignedByte();
                in.skipNBytes(1 + 16L * screens);
                sender.refuseDesktopSize();
            }
            case QEMU_MESSAGE -> qemuMessage();
            default -> throw new RfbProtocolException("message type " + type);
        }
    }

    /** ClientCutText: Latin-1, or with a negative length a message of the extended clipboard. */
    private void clientCutText() throws IOException {
        in.skipNBytes(3);
        int field = in.readInt();
        long length = Math.abs((long) field);
        if (length > MAX_CUT_TEXT) {
            throw new RfbProtocolException("a clipboard of " + length + " bytes");
        }
        if (length > (field < 0 ? ClipboardMessage.MAX_LENGTH : ClipboardMessage.MAX_TEXT)) {
            LOG.debug("a clipboard of {} bytes is too long: left out", length);
            in.skipNBytes(length);
            return;
        }
        byte[] content = in.readNBytes((int) length);
        if (content.length < length) {
            throw new EOFException();
        }
        if (field < 0) {
            sender.clipboard().message(ClipboardMessage.read(content));
        } else {
            sender.clipboard().plainText(content);
        }
    }

    private void setEncodings() throws IOException {
        in.skipNBytes(1);
        int[] encodings = new int[in.readUnsignedShort()];
        for (int i = 0; i < encodings.length; i++) {
            encodings[i] = in.readInt();
        }
        sender.setEncodings(encodings);
    }

    private void qemuMessage() throws IOException {
        int submessage = in.readUnsignedByte();
        if (submessage != QEMU_EXTENDED_KEY_EVENT) {
            throw new RfbProtocolException("QEMU message " + submessage);
        }
        boolean down = in.readUnsignedShort() != 0;
        int keysym = in.readInt();
        int code = in.readInt();
        if (code >>> 8 == 0xE0) {
            code = code & 0x7F | 0x80;
        }
        key(code > 0 && code < 0x100 ? code : Keysyms.scanCode(keysym), down);
    }

    private void key(int scanCode, boolean down) {
        if (scanCode != 0) {
            held.set(scanCode, down);
            screen.key(scanCode, down);
        }
    }
}
