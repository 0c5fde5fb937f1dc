// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.clipboard;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * A message of the Extended Clipboard pseudo-encoding (rfbproto, "Extended Clipboard Pseudo-Encoding"): what follows the
 * negative length of a ClientCutText or ServerCutText. Of the formats only text is used.
 */
public sealed interface ClipboardMessage {
    /** The pseudo-encoding's number. */
    int ENCODING = 0xC0A1E5CE;

    /** A longer text is not taken, in bytes of UTF-8 as it is on the wire. */
    int MAX_TEXT = 1 << 20;

    /** A longer message can be skipped unread, in bytes: text that long has no shorter zlib form. */
    int MAX_LENGTH = MAX_TEXT + (1 << 12);

    /** What one end can do with messages of the other. */
    enum Action {
        REQUEST(25),
        PEEK(26),
        NOTIFY(27),
        PROVIDE(28);

        private final int flag;

        Action(int bit) {
            flag = 1 << bit;
        }
    }

    /**
     * What the sender understands.
     *
     * @param unsolicited the longest text, in bytes, that it takes without having asked; 0 for none
     */
    record Capabilities(Set<Action> actions, boolean text, long unsolicited) implements ClipboardMessage {
        /** What is assumed of a client that has not said: everything (rfbproto), and no text that it did not ask for. */
        public static final Capabilities ASSUMED =
                new Capabilities(Set.of(Action.REQUEST, Action.NOTIFY, Action.PROVIDE), true, 0);

        /** What both ends of Terrarium can do. */
        public static final Capabilities OURS = new Capabilities(EnumSet.allOf(Action.class), true, 0);

        /** May this message be sent to one who has said so? */
        public boolean takes(Action action) {
            return text && actions.contains(action);
        }
    }

    /** The receiver shall provide its text. */
    record Request(boolean text) implements ClipboardMessage {}

    /** The receiver shall notify what it has. */
    record Peek() implements ClipboardMessage {}

    /** The sender has text, or has none any more. */
    record Notify(boolean text) implements ClipboardMessage {}

    /**
     * The sender's clipboard.
     *
     * @param text with line feeds between its lines; empty if there was none, or it was longer than {@link #MAX_TEXT}
     */
    record Provide(Optional<String> text) implements ClipboardMessage {}

    /**
     * Reads a message.
     *
     * @param payload the message after the length field
     * @throws ClipboardException if it is none
     */
    static ClipboardMessage read(byte[] payload) throws ClipboardException {
        if (payload.length < 4) {
            throw new ClipboardException("a clipboard message of " + payload.length + " bytes");
        }
        ByteBuffer in = ByteBuffer.wrap(payload);
        int flags = in.getInt();
        boolean text = (flags & Wire.TEXT) != 0;
        if ((flags & Wire.CAPABILITIES) != 0) {
            if (in.remaining() < 4 * Integer.bitCount(flags & Wire.FORMATS)) {
                throw new ClipboardException("clipboard capabilities without their sizes");
            }
            EnumSet<Action> actions = EnumSet.noneOf(Action.class);
            for (Action action : Action.values()) {
                if ((flags & action.flag) != 0) {
                    actions.add(action);
                }
            }
            return new Capabilities(actions, text, text ? Integer.toUnsignedLong(in.getInt()) : 0);
        }
        return switch (flags & Wire.ACTIONS) {
            case 1 << 25 -> new Request(text);
            case 1 << 26 -> new Peek();
            case 1 << 27 -> new Notify(text);
            case 1 << 28 -> new Provide(text ? Wire.inflate(in) : Optional.empty());
            default -> throw new ClipboardException("clipboard flags " + Integer.toHexString(flags));
        };
    }

    /** The message's bytes, without the length field. */
    default byte[] bytes() {
        return switch (this) {
            case Capabilities(Set<Action> actions, boolean text, long unsolicited) -> {
                int flags = Wire.CAPABILITIES | (text ? Wire.TEXT : 0);
                for (Action action : actions) {
                    flags |= action.flag;
                }
                ByteBuffer out = ByteBuffer.allocate(text ? 8 : 4).putInt(flags);
                if (text) {
                    out.putInt((int) unsolicited);
                }
                yield out.array();
            }
            case Request(boolean text) -> Wire.flags(Action.REQUEST.flag, text);
            case Peek() -> Wire.flags(Action.PEEK.flag, false);
            case Notify(boolean text) -> Wire.flags(Action.NOTIFY.flag, text);
            case Provide(Optional<String> text) -> {
                byte[] packed = text.map(Wire::deflate).orElse(new byte[0]);
                yield ByteBuffer.allocate(4 + packed.length)
                        .putInt(Action.PROVIDE.flag | (text.isPresent() ? Wire.TEXT : 0))
                        .put(packed)
                        .array();
            }
        };
    }
}
