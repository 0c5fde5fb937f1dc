// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import java.util.LinkedHashMap;
import java.util.Map;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.scene.Node;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;

/**
 * The keyboard's grab: while a node has the focus all its keys go to the guest and nowhere else. Ctrl and Alt pressed and
 * released without another key let go of the keyboard; a click takes it again.
 */
final class GuestKeyboard {
    /** Where keys go; returns false if the key was lost. */
    interface Target {
        boolean key(int scanCode, boolean down);
    }

    private final Node node;
    private final Target target;
    private final Map<KeyCode, Integer> held = new LinkedHashMap<>();
    private final ReadOnlyBooleanWrapper grabbed = new ReadOnlyBooleanWrapper(this, "grabbed", false);
    private boolean enabled;
    private boolean releaseArmed;

    GuestKeyboard(Node node, Target target) {
        this.node = node;
        this.target = target;
        node.addEventFilter(KeyEvent.ANY, this::handle);
        node.focusedProperty().addListener((property, before, focused) -> {
            if (focused) {
                grab();
            } else {
                release();
            }
        });
    }

    ReadOnlyBooleanProperty grabbedProperty() {
        return grabbed.getReadOnlyProperty();
    }

    /** Is there a guest for the keys? Without one they stay with the window. */
    void setEnabled(boolean newEnabled) {
        enabled = newEnabled;
        if (!enabled) {
            release();
        } else if (node.isFocused()) {
            grab();
        }
    }

    /** From now on the keys go to the guest, if there is one. */
    void grab() {
        if (node.isFocused()) {
            grabbed.set(enabled);
        } else {
            node.requestFocus();
        }
    }

    /** Releases all keys that the guest believes are held, and the keyboard. */
    void release() {
        held.values().forEach(code -> target.key(code, false));
        held.clear();
        releaseArmed = false;
        grabbed.set(false);
    }

    private void handle(KeyEvent event) {
        if (!grabbed.get()) {
            return;
        }
        event.consume();
        if (event.getEventType() == KeyEvent.KEY_PRESSED) {
            pressed(event);
        } else if (event.getEventType() == KeyEvent.KEY_RELEASED) {
            released(event);
        }
    }

    private void pressed(KeyEvent event) {
        KeyCode key = event.getCode();
        ScanCodes.of(event).ifPresent(code -> {
            held.put(key, code);
            target.key(code, true);
        });
        releaseArmed = (key == KeyCode.CONTROL || key == KeyCode.ALT)
                && held.size() == 2
                && held.containsKey(KeyCode.CONTROL)
                && held.containsKey(KeyCode.ALT);
    }

    private void released(KeyEvent event) {
        Integer code = held.remove(event.getCode());
        if (code != null) {
            target.key(code, false);
        }
        if (releaseArmed && (event.getCode() == KeyCode.CONTROL || event.getCode() == KeyCode.ALT)) {
            release();
        }
    }
}
