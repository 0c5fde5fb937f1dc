// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import dev.terrarium.engine.clipboard.ClipboardMessage;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import org.jspecify.annotations.Nullable;

/**
 * The desktop's clipboard for a console, on the JavaFX thread. Nothing passes unless it is shared, and text is offered and
 * asked for only while the console has the keyboard: what is copied elsewhere meanwhile stays there.
 */
final class HostClipboard {
    private boolean shared;
    private boolean active;
    private boolean offeredToUs;
    private @Nullable String lastText;
    private @Nullable RfbConnection connection;

    void setShared(boolean newShared) {
        shared = newShared;
        exchange();
    }

    /** The console has got the keyboard, or has lost it. */
    void setActive(boolean newActive) {
        active = newActive;
        exchange();
    }

    void connect(@Nullable RfbConnection newConnection) {
        connection = newConnection;
        offeredToUs = false;
        exchange();
    }

    private void exchange() {
        RfbConnection current = connection;
        if (current == null || !shared || !active) {
            return;
        }
        if (offeredToUs) {
            offeredToUs = false;
            current.clipboard(new ClipboardMessage.Request(true));
        } else if (text().isPresent() && !text().equals(Optional.ofNullable(lastText))) {
            lastText = text().get();
            current.clipboard(new ClipboardMessage.Notify(true));
        }
    }

    /** What is on the desktop's clipboard, if it is short enough. */
    private static Optional<String> text() {
        return Optional.ofNullable(Clipboard.getSystemClipboard().getString())
                .filter(text -> !text.isEmpty())
                .filter(text -> text.getBytes(StandardCharsets.UTF_8).length < ClipboardMessage.MAX_TEXT);
    }

    /** Another viewer has text, or has none any more. */
    void offered(boolean available) {
        offeredToUs = available;
        exchange();
    }

    /** Another viewer wants the text that was offered. */
    void wanted() {
        if (connection != null) {
            connection.clipboard(shared ? new ClipboardMessage.Provide(text()) : new ClipboardMessage.Notify(false));
        }
    }

    /** Another viewer's text has come. */
    void received(String text) {
        if (shared) {
            lastText = text;
            ClipboardContent content = new ClipboardContent();
            content.putString(text);
            Clipboard.getSystemClipboard().setContent(content);
        }
    }
}
