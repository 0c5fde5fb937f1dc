// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import dev.terrarium.engine.KeyNames;
import dev.terrarium.engine.MachineListener;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.net.URL;
import java.util.Objects;
import java.util.Optional;
import java.util.ResourceBundle;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import javafx.application.Application;
import javafx.application.Platform;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.geometry.Dimension2D;
import javafx.scene.Cursor;
import javafx.scene.control.ScrollPane;
import javafx.scene.image.WritableImage;
import javafx.scene.layout.StackPane;
import org.jspecify.annotations.Nullable;

/**
 * A machine's screen, keyboard and pointer as a node. All methods are for the JavaFX thread, and none of them waits for
 * the machine.
 */
public final class ConsoleView extends StackPane {
    private static final ResourceBundle TEXTS = ResourceBundle.getBundle("dev.terrarium.console.Console");

    private final ObjectProperty<ScaleMode> scaleMode = new SimpleObjectProperty<>(this, "scaleMode", ScaleMode.FIT);
    private final ReadOnlyObjectWrapper<Dimension2D> guestSize =
            new ReadOnlyObjectWrapper<>(this, "guestSize", new Dimension2D(0, 0));
    private final ReadOnlyStringWrapper status = new ReadOnlyStringWrapper(this, "status", "");
    private final ReadOnlyBooleanWrapper connected = new ReadOnlyBooleanWrapper(this, "connected", false);

    private final ReadOnlyObjectWrapper<Set<KeyboardLight>> lights =
            new ReadOnlyObjectWrapper<>(this, "lights", Set.of());
    private final BooleanProperty clipboardShared = new SimpleBooleanProperty(this, "clipboardShared", false);

    private final HostClipboard clipboard = new HostClipboard();
    private final GuestScreen screen = new GuestScreen();
    private final ScrollPane scroll = new ScrollPane();
    private final Placeholder placeholder = new Placeholder();
    private final GuestKeyboard keyboard = new GuestKeyboard(screen, this::key);
    private final MachineListener machineListener = new MachineListener() {
        @Override
        public void stateChanged(VirtualMachine changed, MachineState state) {
            Platform.runLater(() -> ConsoleView.this.stateChanged(changed, state));
        }
    };
    private @Nullable VirtualMachine machine;
    private @Nullable ConsoleSession session;
    private @Nullable RfbConnection connection;
    private @Nullable PointerShape shownPointer;

    public ConsoleView() {
        getStyleClass().add("console-view");
        if (Application.getUserAgentStylesheet() == null
                || Application.STYLESHEET_MODENA.equals(Application.getUserAgentStylesheet())) {
            getStylesheets().add(resource("fallback.css"));
        }
        setMinSize(0, 0);
        scroll.getStyleClass().add("console-scroll");
        scroll.setFitToWidth(true);
        scroll.setFitToHeight(true);
        scroll.setFocusTraversable(false);
        scaleMode.addListener((property, before, mode) -> arrange());
        keyboard.grabbedProperty().subscribe(this::grabbed);
        clipboardShared.subscribe(clipboard::setShared);
        GuestPointer.install(screen, this::pointer, keyboard::grab);
        arrange();
        placeholder.show(TEXTS.getString("none.title"), "");
    }

    private static String resource(String name) {
        URL url = Objects.requireNonNull(ConsoleView.class.getResource(name), name);
        return url.toExternalForm();
    }

    static String text(String key) {
        return TEXTS.getString(key);
    }

    @Override
    public String getUserAgentStylesheet() {
        return resource("console.css");
    }

    /** Shows this machine from now on; connects whenever it is switched on. */
    public void connect(VirtualMachine newMachine) {
        disconnect();
        machine = newMachine;
        newMachine.addListener(machineListener);
        stateChanged(newMachine, newMachine.state());
    }

    /** Shows no machine any more and ends the connection. */
    public void disconnect() {
        if (machine != null) {
            machine.removeListener(machineListener);
            machine = null;
        }
        hangUp();
        placeholder.show(text("none.title"), "");
    }

    private void grabbed(boolean grabbed) {
        clipboard.setActive(grabbed);
        updateStatus();
        updatePointer();
    }

    /** The server's pointer while the guest has the keyboard; the window's own while it has not. */
    private void updatePointer() {
        PointerShape shape = connection == null ? null : connection.pointerShape();
        PointerShape wanted = keyboard.grabbedProperty().get() ? shape : null;
        if (wanted != shownPointer) {
            shownPointer = wanted;
            screen.setCursor(wanted == null ? Cursor.DEFAULT : wanted.cursor());
        }
    }

    private void hangUp() {
        keyboard.setEnabled(false);
        if (session != null) {
            session.close();
            session = null;
        }
        connection = null;
        clipboard.connect(null);
        lights.set(Set.of());
        updatePointer();
        connected.set(false);
        screen.clear();
        guestSize.set(new Dimension2D(0, 0));
        placeholder.setVisible(true);
        updateStatus();
    }

    private void stateChanged(VirtualMachine changed, MachineState state) {
        if (changed != machine) {
            return;
        }
        switch (state) {
            case OFF, SAVED -> {
                hangUp();
                placeholder.show(text("off.title"), text("off.hint"));
            }
            case CRASHED -> {
                hangUp();
                placeholder.show(text("crashed.title"), changed.failure().orElse(""));
            }
            case STARTING -> placeholder.show(text("connecting.title"), changed.name());
            case RUNNING, PAUSED -> {
                if (session == null) {
                    open(changed);
                }
            }
        }
    }

    private void open(VirtualMachine target) {
        placeholder.show(text("connecting.title"), target.name());
        session = new ConsoleSession(target, new SessionListener());
        session.start();
    }

    private void reconnect() {
        hangUp();
        if (machine != null) {
            stateChanged(machine, machine.state());
        }
    }

    private final class SessionListener implements ConsoleSession.Listener {
        @Override
        public void opened(RfbConnection opened) {
            connection = opened;
            clipboard.connect(opened);
            connected.set(true);
            placeholder.setVisible(false);
            keyboard.setEnabled(true);
            updateStatus();
            changed(opened);
        }

        @Override
        public void changed(RfbConnection source) {
            screen.show(source.picture());
            updatePointer();
            Set<KeyboardLight> lit = KeyboardLight.of(source.lights());
            if (!lit.equals(lights.get())) {
                lights.set(lit);
            }
            Dimension2D size = new Dimension2D(screen.guestWidth(), screen.guestHeight());
            if (!size.equals(guestSize.get())) {
                guestSize.set(size);
                updateStatus();
            }
        }

        @Override
        public void bell() {
            // a machine without a loudspeaker stays silent
        }

        @Override
        public void clipboardOffered(boolean available) {
            clipboard.offered(available);
        }

        @Override
        public void clipboardWanted() {
            clipboard.wanted();
        }

        @Override
        public void clipboardText(String text) {
            clipboard.received(text);
        }

        @Override
        public void lost(String reason) {
            hangUp();
            VirtualMachine lostMachine = machine;
            if (lostMachine == null) {
                return;
            }
            if (lostMachine.state().active()) {
                placeholder.show(text("lost.title"), reason);
                placeholder.offer(text("lost.reconnect"), ConsoleView.this::reconnect);
            } else {
                stateChanged(lostMachine, lostMachine.state());
            }
        }
    }

    private boolean key(int scanCode, boolean down) {
        return connection != null && connection.key(scanCode, down);
    }

    private void pointer(int x, int y, int mask) {
        if (connection != null) {
            connection.pointer(x, y, mask);
        }
    }

    private void arrange() {
        ScaleMode mode = scaleMode.get();
        screen.setMode(mode);
        scroll.setContent(null);
        if (mode == ScaleMode.ACTUAL) {
            scroll.setContent(screen);
            getChildren().setAll(scroll, placeholder);
        } else {
            getChildren().setAll(screen, placeholder);
        }
    }

    private void updateStatus() {
        if (!connected.get()) {
            status.set("");
            return;
        }
        Dimension2D size = guestSize.get();
        status.set((int) size.getWidth() + " \u00d7 " + (int) size.getHeight() + "  \u00b7  "
                + text(keyboard.grabbedProperty().get() ? "status.grabbed" : "status.free"));
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

    /** One line for a status bar: the guest's mode, and how to give or take the keyboard. */
    public ReadOnlyStringProperty statusProperty() {
        return status.getReadOnlyProperty();
    }

    public ReadOnlyBooleanProperty connectedProperty() {
        return connected.getReadOnlyProperty();
    }

    /** The lamps of the guest's keyboard that are lit; none without a connection. */
    public ReadOnlyObjectProperty<Set<KeyboardLight>> lightsProperty() {
        return lights.getReadOnlyProperty();
    }

    /**
     * Does the desktop's clipboard take part in that of the machine's viewers? Off at first: what is copied here would
     * reach whoever else looks at the machine. The guest has no part in it.
     */
    public BooleanProperty clipboardSharedProperty() {
        return clipboardShared;
    }

    /**
     * Asks for another size of the guest's screen, in pixels. Most guests on VGA cannot be asked; then nothing changes.
     *
     * @return completed on the JavaFX thread, never exceptionally
     */
    public CompletableFuture<SizeAnswer> requestGuestSize(int width, int height) {
        return connection == null
                ? CompletableFuture.completedFuture(SizeAnswer.DISCONNECTED)
                : connection.requestSize(width, height).thenApplyAsync(Function.identity(), Platform::runLater);
    }

    /** Does the guest get the keyboard now? Then no key reaches the window's own accelerators. */
    public ReadOnlyBooleanProperty keyboardGrabbedProperty() {
        return keyboard.grabbedProperty();
    }

    /** Gives the guest the keyboard. */
    public void grabKeyboard() {
        keyboard.grab();
    }

    /**
     * Presses and releases keys together, as {@code ctrl-alt-delete}; see {@link KeyNames}.
     *
     * @throws TerrariumException if there is no such key, or no machine is connected
     */
    public void sendKeys(String combination) throws TerrariumException {
        KeyNames.parse(combination);
        if (session == null || connection == null) {
            throw new TerrariumException("no machine is connected: start it, then send the keys");
        }
        session.sendKeys(combination);
    }

    /** A copy of what the guest shows; empty without a picture. */
    public Optional<WritableImage> picture() {
        return screen.copy();
    }
}
