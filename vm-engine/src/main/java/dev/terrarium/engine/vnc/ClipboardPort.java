// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.clipboard.ClipboardMessage;
import dev.terrarium.engine.clipboard.ClipboardMessage.Action;
import dev.terrarium.engine.clipboard.ClipboardMessage.Capabilities;
import dev.terrarium.engine.clipboard.ClipboardMessage.Notify;
import dev.terrarium.engine.clipboard.ClipboardMessage.Peek;
import dev.terrarium.engine.clipboard.ClipboardMessage.Provide;
import dev.terrarium.engine.clipboard.ClipboardMessage.Request;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One client's side of the clipboard: what it said goes to the {@link ClipboardExchange}, and what it is to be told waits
 * here, of each kind only the latest, so that a client that does not read makes nothing grow.
 */
final class ClipboardPort implements ClipboardExchange.Member {
    private static final int SERVER_CUT_TEXT = 3;

    private final ClipboardExchange exchange;
    private final Runnable wake;
    private boolean extended;
    private Capabilities capabilities = Capabilities.ASSUMED;
    private boolean capabilitiesDue;
    private @Nullable Boolean offerDue;
    private boolean fetchDue;
    private @Nullable String textDue;

    /** @param wake tells the sender that there is something to send */
    ClipboardPort(ClipboardExchange exchange, Runnable wake) {
        this.exchange = exchange;
        this.wake = wake;
    }

    void open() {
        exchange.join(this);
    }

    void close() {
        exchange.leave(this);
    }

    /** The client has said that it knows the extended clipboard. */
    void extend() {
        synchronized (this) {
            if (extended) {
                return;
            }
            extended = true;
            capabilitiesDue = true;
        }
        wake.run();
        exchange.welcome(this);
    }

    /** A plain ClientCutText: Latin-1 (RFC 6143, section 7.5.6). */
    void plainText(byte[] latin1) {
        exchange.put(this, new String(latin1, StandardCharsets.ISO_8859_1).replaceAll("\r\n|\r", "\n"));
    }

    /** An extended ClientCutText. */
    void message(ClipboardMessage message) throws RfbProtocolException {
        synchronized (this) {
            if (!extended) {
                throw new RfbProtocolException("an extended clipboard that was not agreed on");
            }
            if (message instanceof Capabilities theirs) {
                capabilities = theirs;
                return;
            }
        }
        switch (message) {
            case Notify(boolean text) -> exchange.announce(this, text && takes(Action.REQUEST));
            case Request(boolean text) -> {
                if (text) {
                    exchange.want(this);
                }
            }
            case Peek() -> exchange.peek(this);
            case Provide(Optional<String> text) -> text.ifPresent(content -> exchange.put(this, content));
            case Capabilities theirs -> throw new AssertionError(theirs);
        }
    }

    private synchronized boolean takes(Action action) {
        return capabilities.takes(action);
    }

    @Override
    public void offer(boolean available) {
        synchronized (this) {
            if (!extended || !capabilities.takes(Action.NOTIFY)) {
                return;
            }
            offerDue = available;
        }
        wake.run();
    }

    @Override
    public void fetch() {
        synchronized (this) {
            fetchDue = true;
        }
        wake.run();
    }

    @Override
    public void give(String text) {
        synchronized (this) {
            textDue = text;
        }
        wake.run();
    }

    @Override
    public synchronized boolean takesUnasked() {
        return !extended;
    }

    synchronized boolean isDue() {
        return capabilitiesDue || offerDue != null || fetchDue || textDue != null;
    }

    /** Writes what waits. */
    synchronized void writeTo(WireOutput out) {
        if (capabilitiesDue) {
            capabilitiesDue = false;
            extended(Capabilities.OURS, out);
        }
        if (offerDue != null) {
            extended(new Notify(offerDue), out);
            offerDue = null;
        }
        if (fetchDue) {
            fetchDue = false;
            extended(new Request(true), out);
        }
        if (textDue != null) {
            if (!extended) {
                byte[] latin1 = textDue.getBytes(StandardCharsets.ISO_8859_1);
                header(latin1.length, out);
                out.raw(latin1, 0, latin1.length);
            } else if (capabilities.takes(Action.PROVIDE)) {
                extended(new Provide(Optional.of(textDue)), out);
            }
            textDue = null;
        }
    }

    private static void extended(ClipboardMessage message, WireOutput out) {
        byte[] payload = message.bytes();
        header(-payload.length, out);
        out.raw(payload, 0, payload.length);
    }

    private static void header(int length, WireOutput out) {
        out.u8(SERVER_CUT_TEXT);
        out.u8(0);
        out.u16(0);
        out.u32(length);
    }
}
