// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.settings.Settings;
import dev.terrarium.app.settings.SettingsFile;
import dev.terrarium.console.ConsoleView;
import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.pictures.Pictures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javafx.application.Platform;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.stage.Window;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testfx.api.FxRobot;
import org.testfx.api.FxToolkit;

/**
 * A newcomer's way through the real application: New, an installer CD, Next, Next, Next, Create and start; then the
 * installer's menu in the window's own console, keys, pause, reset and power off; and on to the installer's first dialog.
 */
@Tag("desktop")
@Tag("guest-boot")
class FirstMachineTest {
    @TempDir
    Path home;

    private final FxRobot robot = new FxRobot();
    private final CountDownLatch closed = new CountDownLatch(1);
    private MainWindow window;

    @BeforeAll
    static void startToolkit() throws Exception {
        FxToolkit.registerPrimaryStage();
    }

    private static <T> T onWindow(Callable<T> call) throws Exception {
        CompletableFuture<T> result = new CompletableFuture<>();
        Platform.runLater(() -> {
            try {
                result.complete(call.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        return result.get(20, TimeUnit.SECONDS);
    }

    private static void await(String what, int seconds, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!onWindow(condition)) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    private static Path installer() throws Exception {
        Path root = Path.of("").toAbsolutePath().getParent();
        Path iso = root.resolve("vm-engine/target/guests/debian-installer.iso");
        Process script = new ProcessBuilder(List.of(
                        root.resolve("vm-engine/src/test/guests/debian-installer-iso")
                                .toString(),
                        iso.toString()))
                .inheritIO()
                .start();
        assertThat(script.waitFor()).isZero();
        return iso;
    }

    /** The wizard is a window of its own: its nodes are found by their scene. */
    private <T extends Node> T inWizard(String query) throws Exception {
        await("the wizard's " + query, 20, () -> robot.lookup(query).tryQuery().isPresent());
        return robot.lookup(query).query();
    }

    private void press(Button button) throws Exception {
        await("enabled: " + button.getText(), 20, () -> !button.isDisabled());
        onWindow(() -> {
            button.fire();
            return null;
        });
    }

    private int[] picture(ConsoleView console) throws Exception {
        return onWindow(() -> picturePixels(console));
    }

    private static long colours(int[] pixels) {
        return Arrays.stream(pixels).distinct().count();
    }

    /** A key as the toolkit delivers it: to whatever has the focus. */
    private void type(KeyCode code) throws Exception {
        onWindow(() -> {
            Node focused = window.stage().getScene().getFocusOwner();
            for (var kind : List.of(KeyEvent.KEY_PRESSED, KeyEvent.KEY_RELEASED)) {
                focused.fireEvent(new KeyEvent(kind, "", "", code, false, false, false, false));
            }
            return null;
        });
    }

    /** What is done with the machine once its boot menu stands in the console. */
    private interface AtTheMenu {
        void go(VirtualMachine machine, ConsoleView console, int[] menu) throws Exception;
    }

    private void fromNothingToTheMenu(AtTheMenu then) throws Exception {
        Path iso = installer();
        try (Host host = Engine.open(home)) {
            SettingsFile settings = new SettingsFile(home);
            settings.save(Settings.DEFAULT.withSize(1280, 800, false));
            onWindow(() -> {
                window = new MainWindow(host, settings, closed::countDown);
                window.show();
                return null;
            });
            await(
                    "the first sample",
                    20,
                    () -> window.model().capabilitiesProperty().get().isPresent());
            onWindow(() -> Pictures.save(window.stage().getScene(), "first-empty"));

            createByWizard(host, iso);
            VirtualMachine machine = host.machines().getFirst();
            await("a running machine", 60, () -> machine.state() == MachineState.RUNNING);

            ConsoleView console = robot.from(window.stage().getScene().getRoot())
                    .lookup("#console")
                    .query();
            await("the keyboard given to the guest", 60, () -> console.keyboardGrabbedProperty()
                    .get());
            await("the boot menu in the console", 120, () -> {
                int[] pixels = picturePixels(console);
                return pixels.length == 640 * 480 && colours(pixels) > 8;
            });
            TimeUnit.SECONDS.sleep(2);
            then.go(machine, console, picture(console));
            machine.forceOff();
            await("off in the window", 20, () -> stateText().contains("Off"));
            assertThat(Files.exists(machine.folder().resolve("control.sock"))).isFalse();
            onWindow(() -> {
                window.requestClose();
                return null;
            });
            assertThat(closed.await(20, TimeUnit.SECONDS))
                    .as("the window closed")
                    .isTrue();
        } finally {
            onWindow(() -> {
                Window.getWindows().stream().toList().forEach(Window::hide);
                return null;
            });
        }
    }

    @Test
    void fromNothingToABootedInstaller() throws Exception {
        fromNothingToTheMenu((machine, console, menu) -> {
            onWindow(() -> Pictures.save(window.stage().getScene(), "first-menu"));
            type(KeyCode.DOWN);
            await("the selection moved by a key", 30, () -> !Arrays.equals(picturePixels(console), menu));
            onWindow(() -> Pictures.save(window.stage().getScene(), "first-menu-moved"));

            machine.pause();
            await("paused in the window", 20, () -> stateText().contains("Paused"));
            machine.resume();
            await("running in the window", 20, () -> stateText().contains("Running"));
            machine.reset();
            await("the menu again after reset", 120, () -> Arrays.equals(picturePixels(console), menu));
        });
    }

    @Test
    void onToTheInstallersLanguageList() throws Exception {
        fromNothingToTheMenu((machine, console, menu) -> {
            type(KeyCode.ENTER);
            await("1280x800 by the kernel's bochs-drm", 600, () -> picturePixels(console).length == 1280 * 800);
            await("the language list", 900, () -> newtBlue(picturePixels(console)) > 0.05);
            int[] list = settled(console);
            onWindow(() -> Pictures.save(window.stage().getScene(), "first-languages"));
            assertThat(newtBlue(list)).isGreaterThan(0.05);
            type(KeyCode.DOWN);
            await("the next language", 60, () -> !Arrays.equals(picturePixels(console), list));
            int[] moved = settled(console);
            onWindow(() -> Pictures.save(window.stage().getScene(), "first-languages-moved"));
            assertThat(changed(list, moved))
                    .as("share of the picture that changed")
                    .isBetween(0.0001, 0.2);
            type(KeyCode.UP);
            await("the language of before", 60, () -> Arrays.equals(picturePixels(console), list));
        });
    }

    /** The share of the installer's background (newt's blue). */
    private static double newtBlue(int[] pixels) {
        return Arrays.stream(pixels).filter(pixel -> near(pixel, 0x0000AA)).count()
                / (double) Math.max(1, pixels.length);
    }

    private static boolean near(int pixel, int color) {
        for (int shift = 0; shift < 24; shift += 8) {
            if (Math.abs((pixel >> shift & 0xFF) - (color >> shift & 0xFF)) > 12) {
                return false;
            }
        }
        return true;
    }

    private static double changed(int[] before, int[] after) {
        assertThat(after).hasSameSizeAs(before);
        return java.util.stream.IntStream.range(0, before.length)
                        .filter(i -> before[i] != after[i])
                        .count()
                / (double) before.length;
    }

    /** The picture once it has stayed the same for two seconds. */
    private int[] settled(ConsoleView console) throws Exception {
        int[] last = picture(console);
        for (int i = 0, equal = 0; i < 600 && equal < 20; i++) {
            TimeUnit.MILLISECONDS.sleep(100);
            int[] next = picture(console);
            equal = Arrays.equals(last, next) ? equal + 1 : 0;
            last = next;
        }
        return last;
    }

    private int[] picturePixels(ConsoleView console) {
        return console.picture()
                .map(image -> {
                    int width = (int) image.getWidth();
                    int height = (int) image.getHeight();
                    int[] pixels = new int[width * height];
                    image.getPixelReader()
                            .getPixels(
                                    0,
                                    0,
                                    width,
                                    height,
                                    javafx.scene.image.PixelFormat.getIntArgbInstance(),
                                    pixels,
                                    0,
                                    width);
                    return pixels;
                })
                .orElse(new int[0]);
    }

    private String stateText() {
        javafx.scene.control.Label label =
                robot.from(window.stage().getScene().getRoot()).lookup("#state").query();
        return label.getText();
    }

    private void createByWizard(Host host, Path iso) throws Exception {
        press(robot.from(window.stage().getScene().getRoot())
                .lookup("#first-machine")
                .query());
        TextField path = inWizard("#media-path");
        onWindow(() -> {
            path.setText(iso.toString());
            return null;
        });
        Button next = inWizard("#next");
        press(next);
        TextField name = inWizard("#name");
        String proposed = onWindow(name::getText);
        assertThat(proposed).isNotBlank();
        press(next);
        inWizard("#new-disk");
        press(next);
        inWizard("#start-now");
        String last = onWindow(next::getText);
        assertThat(last).isEqualTo("Create and start");
        press(next);
        await("the machine in the host", 30, () -> host.machines().size() == 1);
    }
}
