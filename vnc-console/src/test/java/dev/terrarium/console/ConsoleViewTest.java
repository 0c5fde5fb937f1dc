// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.clipboard.ClipboardMessage.Notify;
import dev.terrarium.engine.clipboard.ClipboardMessage.Provide;
import dev.terrarium.engine.clipboard.ClipboardMessage.Request;
import dev.terrarium.engine.device.CursorShape;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javafx.application.Platform;
import javafx.event.Event;
import javafx.event.EventType;
import javafx.scene.Cursor;
import javafx.scene.ImageCursor;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.image.WritableImage;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyCodeCombination;
import javafx.scene.input.KeyCombination;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.PickResult;
import javafx.scene.input.ScrollEvent;
import javafx.scene.layout.BorderPane;
import javafx.stage.Stage;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The view in a window without a screen, against the engine's RFB server. */
@Tag("desktop")
@Timeout(30)
class ConsoleViewTest {
    private static final int WIDTH = 320;
    private static final int HEIGHT = 200;

    private final TestMachine machine = new TestMachine(WIDTH, HEIGHT, TestMachine.picture(WIDTH, HEIGHT));
    private ConsoleView view;
    private Stage stage;
    private Button elsewhere;

    @BeforeAll
    static void startToolkit() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        Platform.startup(started::countDown);
        assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
        Platform.setImplicitExit(false);
    }

    private static <T> T onFx(Callable<T> task) throws Exception {
        FutureTask<T> future = new FutureTask<>(task);
        Platform.runLater(future);
        return future.get(10, TimeUnit.SECONDS);
    }

    private static boolean eventually(Callable<Boolean> condition) throws Exception {
        for (int i = 0; i < 250; i++) {
            if (onFx(condition)) {
                return true;
            }
            Thread.sleep(20);
        }
        return false;
    }

    @BeforeEach
    void openWindow() throws Exception {
        onFx(() -> {
            view = new ConsoleView();
            elsewhere = new Button("elsewhere");
            BorderPane root = new BorderPane(view);
            Label status = new Label();
            status.textProperty().bind(view.statusProperty());
            root.setTop(new javafx.scene.layout.HBox(8, elsewhere, KeyCombinationMenu.button(view)));
            root.setBottom(status);
            stage = new Stage();
            stage.setScene(new Scene(root, 700, 500));
            stage.show();
            return view;
        });
    }

    @AfterEach
    void closeWindow() throws Exception {
        onFx(() -> {
            view.disconnect();
            stage.close();
            return view;
        });
        machine.close();
    }

    private void connect() throws Exception {
        onFx(() -> {
            view.connect(machine);
            return view;
        });
        machine.become(MachineState.RUNNING);
        assertThat(eventually(this::showsMachine)).as("the guest's picture").isTrue();
    }

    private boolean showsMachine() {
        return view.picture().map(this::isPicture).orElse(false);
    }

    private boolean isPicture(WritableImage image) {
        int[] expected = TestMachine.picture(WIDTH, HEIGHT);
        if (image.getWidth() != WIDTH || image.getHeight() != HEIGHT) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if ((image.getPixelReader().getArgb(i % WIDTH, i / WIDTH) & 0xFFFFFF) != expected[i]) {
                return false;
            }
        }
        return true;
    }

    private void press(EventType<KeyEvent> type, KeyCode code, String text) throws Exception {
        onFx(() -> {
            Node focus = stage.getScene().getFocusOwner();
            Event.fireEvent(focus, new KeyEvent(type, "", text, code, false, false, false, false));
            return focus;
        });
    }

    private Path snapshot(String name) throws Exception {
        Path folder = Path.of(System.getProperty("picture.folder", "target"));
        WritableImage image = onFx(() -> stage.getScene().snapshot(null));
        int w = (int) image.getWidth();
        int h = (int) image.getHeight();
        BufferedImage copy = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < w * h; i++) {
            copy.setRGB(i % w, i / w, image.getPixelReader().getArgb(i % w, i / w));
        }
        Path file = folder.resolve(name + ".png");
        ImageIO.write(copy, "png", file.toFile());
        return file;
    }

    @Test
    void aMachineThatIsOffSaysSo() throws Exception {
        onFx(() -> {
            view.connect(machine);
            return view;
        });
        assertThat(Files.size(snapshot("off"))).isPositive();
        Label title = onFx(() -> (Label) view.lookup(".console-placeholder-title"));
        assertThat(title.getText()).isEqualTo("The machine is off");
        assertThat(onFx(() -> view.connectedProperty().get())).isFalse();
    }

    @Test
    void thePictureAppearsAndFollowsTheMode() throws Exception {
        connect();
        assertThat(onFx(() -> view.connectedProperty().get())).isTrue();
        assertThat(onFx(() -> view.guestSizeProperty().get().getWidth())).isEqualTo(WIDTH);
        snapshot("fit");
        onFx(() -> {
            view.setScaleMode(ScaleMode.ACTUAL);
            return view;
        });
        snapshot("actual");
        WritableImage shown = onFx(() -> stage.getScene().snapshot(null));
        int middle = shown.getPixelReader().getArgb(350 - WIDTH / 2 + 60, 250 - HEIGHT / 2 + 20);
        assertThat(middle & 0xFFFFFF).isEqualTo(0xFFFF00);
        machine.show(720, 400, TestMachine.picture(720, 400));
        assertThat(eventually(() -> view.guestSizeProperty().get().getWidth() == 720))
                .isTrue();
    }

    @Test
    void keysArriveAndTheWindowGetsNone() throws Exception {
        connect();
        AtomicInteger accelerator = new AtomicInteger();
        onFx(() -> {
            stage.getScene()
                    .getAccelerators()
                    .put(
                            new KeyCodeCombination(
                                    KeyCode.A,
                                    KeyCombination.ModifierValue.ANY,
                                    KeyCombination.ModifierValue.ANY,
                                    KeyCombination.ModifierValue.ANY,
                                    KeyCombination.ModifierValue.ANY,
                                    KeyCombination.ModifierValue.ANY),
                            accelerator::incrementAndGet);
            view.grabKeyboard();
            return view;
        });
        assertThat(eventually(() -> view.keyboardGrabbedProperty().get())).isTrue();
        press(KeyEvent.KEY_PRESSED, KeyCode.A, "a");
        press(KeyEvent.KEY_RELEASED, KeyCode.A, "");
        press(KeyEvent.KEY_PRESSED, KeyCode.UNDEFINED, "?");
        press(KeyEvent.KEY_RELEASED, KeyCode.UNDEFINED, "");
        press(KeyEvent.KEY_PRESSED, KeyCode.DELETE, "");
        assertThat(machine.take(5)).containsExactly("press 1e", "release 1e", "press 35", "release 35", "press d3");
        assertThat(accelerator).hasValue(0);
        onFx(() -> {
            elsewhere.requestFocus();
            return view;
        });
        assertThat(machine.take(1)).containsExactly("release d3");
        onFx(() -> {
            view.sendKeys("ctrl-alt-f2");
            return view;
        });
        assertThat(machine.take(6))
                .containsExactly("press 1d", "press 38", "press 3c", "release 3c", "release 38", "release 1d");
    }

    @Test
    void ctrlAltLetsGoOfTheKeyboard() throws Exception {
        connect();
        onFx(() -> {
            view.grabKeyboard();
            return view;
        });
        assertThat(onFx(() -> view.statusProperty().get())).endsWith("Ctrl+Alt releases the keyboard");
        press(KeyEvent.KEY_PRESSED, KeyCode.CONTROL, "");
        press(KeyEvent.KEY_PRESSED, KeyCode.ALT, "");
        press(KeyEvent.KEY_RELEASED, KeyCode.ALT, "");
        assertThat(onFx(() -> view.keyboardGrabbedProperty().get())).isFalse();
        assertThat(machine.take(4)).containsExactly("press 1d", "press 38", "release 38", "release 1d");
        press(KeyEvent.KEY_PRESSED, KeyCode.B, "b");
        assertThat(machine.events.poll(200, TimeUnit.MILLISECONDS)).isNull();
    }

    @Test
    void thePointerIsScaledToGuestPixels() throws Exception {
        connect();
        GuestScreen screen = onFx(() -> (GuestScreen) view.lookup(".console-screen"));
        mouse(screen, MouseEvent.MOUSE_MOVED, 0.25, 0.25, false);
        // motion is joined while it waits to be sent, but not across a key
        onFx(() -> {
            view.sendKeys("f1");
            return view;
        });
        assertThat(machine.take(2)).containsExactly("press 3b", "release 3b");
        mouse(screen, MouseEvent.MOUSE_MOVED, 0.5, 0.5, false);
        assertThat(machine.take(1)).containsExactly("move " + WIDTH / 4 + " " + HEIGHT / 4 + " wheel 0 buttons 0");
        mouse(screen, MouseEvent.MOUSE_PRESSED, 0.5, 0.5, true);
        mouse(screen, MouseEvent.MOUSE_RELEASED, 0.5, 0.5, false);
        onFx(() -> {
            Event.fireEvent(
                    screen,
                    new ScrollEvent(
                            ScrollEvent.SCROLL,
                            350,
                            250,
                            0,
                            0,
                            false,
                            false,
                            false,
                            false,
                            false,
                            false,
                            0,
                            -40,
                            0,
                            -40,
                            40,
                            40,
                            ScrollEvent.HorizontalTextScrollUnits.NONE,
                            0,
                            ScrollEvent.VerticalTextScrollUnits.NONE,
                            0,
                            0,
                            new PickResult(screen, 350, 250)));
            return screen;
        });
        assertThat(machine.take(2)).containsExactly("move 0 0 wheel 0 buttons 1", "move 0 0 wheel 0 buttons 0");
        assertThat(machine.take(1).getFirst()).contains("wheel -1");
    }

    /** At a fraction of the picture, which is as wide as the screen node or as high. */
    private void mouse(GuestScreen screen, EventType<MouseEvent> type, double fx, double fy, boolean primary)
            throws Exception {
        onFx(() -> {
            // texts around the screen change with its state: where it is must not wait for the next pulse
            stage.getScene().getRoot().applyCss();
            stage.getScene().getRoot().layout();
            double scale = Math.min(screen.getWidth() / WIDTH, screen.getHeight() / HEIGHT);
            double x = (screen.getWidth() - WIDTH * scale) / 2 + WIDTH * scale * fx + 1;
            double y = (screen.getHeight() - HEIGHT * scale) / 2 + HEIGHT * scale * fy + 1;
            javafx.geometry.Point2D scene = screen.localToScene(x, y);
            Event.fireEvent(
                    screen,
                    new MouseEvent(
                            type,
                            scene.getX(),
                            scene.getY(),
                            0,
                            0,
                            primary ? MouseButton.PRIMARY : MouseButton.NONE,
                            1,
                            false,
                            false,
                            false,
                            false,
                            primary,
                            false,
                            false,
                            true,
                            false,
                            true,
                            new PickResult(screen, scene.getX(), scene.getY())));
            return screen;
        });
    }

    @Test
    void aLostConnectionOffersToReconnect() throws Exception {
        connect();
        machine.restartServer();
        assertThat(eventually(() -> !view.connectedProperty().get())).isTrue();
        snapshot("lost");
        onFx(() -> {
            Button reconnect = (Button) view.lookup(".console-placeholder .button");
            assertThat(reconnect.getText()).isEqualTo("Reconnect");
            reconnect.fire();
            return view;
        });
        assertThat(eventually(this::showsMachine)).isTrue();
        machine.become(MachineState.OFF);
        assertThat(eventually(() -> !view.connectedProperty().get())).isTrue();
        assertThat(onFx(() -> view.keyboardGrabbedProperty().get()))
                .as("keys stay with the window while there is no guest")
                .isFalse();
    }

    @Test
    void theGuestsPointerReplacesTheWindowsWhileItHasTheKeyboard() throws Exception {
        connect();
        Node screen = onFx(() -> view.lookup(".console-screen"));
        onFx(() -> {
            elsewhere.requestFocus();
            return view;
        });
        assertThat(onFx(screen::getCursor)).isIn(null, Cursor.DEFAULT);
        onFx(() -> {
            view.grabKeyboard();
            return view;
        });
        assertThat(onFx(screen::getCursor)).as("the guest draws its own").isEqualTo(Cursor.NONE);
        machine.cursor = new CursorShape(4, 4, 1, 2, new int[16]);
        assertThat(eventually(() -> screen.getCursor() instanceof ImageCursor shape && shape.getHotspotY() == 2))
                .isTrue();
        onFx(() -> {
            elsewhere.requestFocus();
            return view;
        });
        assertThat(onFx(screen::getCursor)).isEqualTo(Cursor.DEFAULT);
    }

    @Test
    void lampsAndSizesAreThereForTheWindow() throws Exception {
        connect();
        assertThat(eventually(() -> view.lightsProperty().get().equals(Set.of(KeyboardLight.CAPS_LOCK))))
                .isTrue();
        CompletableFuture<SizeAnswer> answer = onFx(() -> view.requestGuestSize(1024, 768));
        assertThat(answer.get(5, TimeUnit.SECONDS)).isEqualTo(SizeAnswer.PROHIBITED);
        machine.become(MachineState.OFF);
        assertThat(eventually(() -> view.lightsProperty().get().isEmpty())).isTrue();
        assertThat(onFx(() -> view.requestGuestSize(1024, 768))).isCompletedWithValue(SizeAnswer.DISCONNECTED);
    }

    @Test
    void theClipboardIsSharedOnlyWhenAllowed() throws Exception {
        connect();
        RfbConnectionTest.Peer peer = new RfbConnectionTest.Peer(machine, com.tigervnc.rfb.Encodings.encodingRaw);
        try (peer) {
            onFx(() -> {
                copy("from the desktop");
                view.grabKeyboard();
                return view;
            });
            assertThat(peer.clipboard.poll(300, TimeUnit.MILLISECONDS))
                    .as("kept")
                    .isNull();
            onFx(() -> {
                view.clipboardSharedProperty().set(true);
                return view;
            });
            assertThat(peer.clipboard.poll(5, TimeUnit.SECONDS)).isEqualTo("offered");
            peer.connection.clipboard(new Request(true));
            assertThat(peer.clipboard.poll(5, TimeUnit.SECONDS)).isEqualTo("text from the desktop");
            peer.connection.clipboard(new Notify(true));
            assertThat(peer.clipboard.poll(5, TimeUnit.SECONDS)).isEqualTo("wanted");
            peer.connection.clipboard(new Provide(Optional.of("from afar")));
            assertThat(eventually(() ->
                            "from afar".equals(Clipboard.getSystemClipboard().getString())))
                    .isTrue();
        }
    }

    private static void copy(String text) {
        ClipboardContent content = new ClipboardContent();
        content.putString(text);
        Clipboard.getSystemClipboard().setContent(content);
    }
}
