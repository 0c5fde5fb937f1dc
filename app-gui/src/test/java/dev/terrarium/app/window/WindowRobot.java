// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.settings.Settings;
import dev.terrarium.app.settings.SettingsFile;
import dev.terrarium.pictures.Pictures;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javafx.application.Platform;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.stage.Window;
import org.testfx.api.FxRobot;
import org.testfx.api.FxToolkit;

/** The window over a fake host, as a test uses it; {@code -Dtour.width} and {@code -Dtour.height} make it another size. */
final class WindowRobot {
    private static final double WIDTH = Integer.getInteger("tour.width", 1280);
    private static final double HEIGHT = Integer.getInteger("tour.height", 800);

    private final FxRobot robot = new FxRobot();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final FakeHost host;
    private final SettingsFile settings;
    private MainWindow window;

    WindowRobot(Path home) throws Exception {
        FxToolkit.registerPrimaryStage();
        host = new FakeHost(home);
        settings = new SettingsFile(home);
        onWindow(() -> {
            Window.getWindows().stream().toList().forEach(Window::hide);
            return null;
        });
    }

    void open() throws Exception {
        settings.save(Settings.DEFAULT.withSize(WIDTH, HEIGHT, false));
        onWindow(() -> {
            window = new MainWindow(host, settings, closed::countDown);
            window.show();
            return null;
        });
        await(
                "the first sample",
                () -> window.model().capabilitiesProperty().get().isPresent());
    }

    FakeHost host() {
        return host;
    }

    MainWindow window() {
        return window;
    }

    FxRobot robot() {
        return robot;
    }

    CountDownLatch closed() {
        return closed;
    }

    <T> T onWindow(Callable<T> call) throws Exception {
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

    void await(String what, BooleanSupplier condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        while (!onWindow(condition::getAsBoolean)) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    <T extends Node> T find(String query) {
        return robot.from(window.stage().getScene().getRoot()).lookup(query).query();
    }

    void clickOn(String query) {
        robot.clickOn(query);
    }

    /** The scene of the window that was opened last. */
    Scene topScene() {
        return Window.getWindows().getLast().getScene();
    }

    void picture(String name) throws Exception {
        onWindow(() -> Pictures.save(window.stage().getScene(), name));
    }

    /** A picture of the window that was opened last, such as a dialog. */
    void topPicture(String name) throws Exception {
        onWindow(() -> Pictures.save(topScene(), name));
    }
}
