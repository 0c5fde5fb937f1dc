// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.console.KeyboardLight;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import javafx.beans.value.ObservableValue;
import javafx.css.PseudoClass;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;

/** The lamps of the guest's keyboard, as small words that light up. */
final class KeyboardLamps extends HBox {
    private static final PseudoClass LIT = PseudoClass.getPseudoClass("lit");

    private final Map<KeyboardLight, Label> lamps = new EnumMap<>(KeyboardLight.class);

    private boolean onlyLit;
    private Set<KeyboardLight> shown = Set.of();

    KeyboardLamps(ObservableValue<Set<KeyboardLight>> lit) {
        setId("keyboard-lamps");
        getStyleClass().add("lamps");
        setMinWidth(USE_PREF_SIZE);
        add(KeyboardLight.CAPS_LOCK, "Caps");
        add(KeyboardLight.NUM_LOCK, "Num");
        add(KeyboardLight.SCROLL_LOCK, "Scroll");
        lit.subscribe(this::show);
    }

    private void add(KeyboardLight light, String text) {
        Label lamp = Controls.label(text, "lamp");
        lamp.setTooltip(new Tooltip());
        lamps.put(light, lamp);
        getChildren().add(lamp);
    }

    /** Leaves out those that are not lit, to save room. */
    void setOnlyLit(boolean newOnlyLit) {
        onlyLit = newOnlyLit;
        show(shown);
    }

    private void show(Set<KeyboardLight> lit) {
        shown = lit;
        lamps.forEach((light, lamp) -> {
            boolean on = lit.contains(light);
            lamp.pseudoClassStateChanged(LIT, on);
            Controls.show(lamp, on || !onlyLit);
            String state = lamp.getText() + " Lock is " + (on ? "on" : "off") + " in the guest";
            lamp.getTooltip().setText(state);
            lamp.setAccessibleText(state);
        });
    }
}
