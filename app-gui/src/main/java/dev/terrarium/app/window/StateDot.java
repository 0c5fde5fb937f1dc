// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.MachineState;
import java.util.Arrays;
import java.util.Locale;
import javafx.css.PseudoClass;
import javafx.scene.layout.Region;

/** A small round light in the colour of a machine's state; the words always stand beside it. */
final class StateDot extends Region {
    StateDot() {
        getStyleClass().add("state-dot");
    }

    void setState(MachineState state) {
        Arrays.stream(MachineState.values())
                .forEach(each -> pseudoClassStateChanged(
                        PseudoClass.getPseudoClass(each.name().toLowerCase(Locale.ROOT)), each == state));
    }
}
