// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.settings.Settings;
import dev.terrarium.app.settings.SettingsFile;
import dev.terrarium.console.ConsoleView;
import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineState;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javafx.application.Platform;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testfx.api.FxRobot;
import org.testfx.api.FxToolkit;
import org.testfx.util.WaitForAsyncUtils;

/** A newcomer's first minute: New, an installer CD, Next, Next, Next, and its boot menu appears in the window. */
@Tag("desktop")
@Tag("guest-boot")
class FirstBootTest {
    private static final long BOOT_SECONDS = 120;

    @TempDir
    Path home;

    private final FxRobot robot = new FxRobot();

    private static Path installer() throws Exception {
        String given = System.getProperty("guest.iso");
        if (given != null) {
            return Path.of(given);
        }
        Path engine = Path.of(System.getProperty("terrarium.root")).resolve("vm-engine");
        Path iso = engine.resolve("target/guests/debian-installer.iso");
        Process process = new ProcessBuilder(
                        engine.resolve("src/test/guests/debian-installer-iso").toString(), iso.toString())
                .inheritIO()
                .start();
        assertThat(process.waitFor()).as("the installer CD is made").isZero();
        return iso;
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
        return result.get(60, TimeUnit.SECONDS);
    }

    private static void await(String what, BooleanSupplier condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(BOOT_SECONDS);
        while (!onWindow(condition::getAsBoolean)) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    @Test
    void anInstallerCdBootsInTheWindow() throws Exception {
        Path iso = installer();
        FxToolkit.registerPrimaryStage();
        CountDownLatch closed = new CountDownLatch(1);
        Host host = Engine.open(home);
        SettingsFile settings = new SettingsFile(home);
        settings.save(Settings.DEFAULT.withSize(1000, 760, false));
        MainWindow window = onWindow(() -> {
            MainWindow opened = new MainWindow(host, settings, closed::countDown);
            opened.show();
            return opened;
        });
        try {
            await("the empty page", () -> robot.lookup("#first-machine").tryQuery().isPresent());
            robot.clickOn("#first-machine");
            WaitForAsyncUtils.waitForFxEvents();
            onWindow(() -> {
                robot.lookup("#media-path").queryAs(TextField.class).setText(iso.toString());
                return null;
            });
            for (int step = 0; step < 4; step++) {
                await("a complete step", () -> !robot.lookup("#next").queryButton().isDisabled());
                robot.clickOn("#next");
                WaitForAsyncUtils.waitForFxEvents();
            }
            await("the machine", () -> !host.machines().isEmpty());
            var machine = host.machines().getFirst();
            await("it runs", () -> machine.state() == MachineState.RUNNING);
            ConsoleView console = onWindow(() -> robot.from(window.stage().getScene().getRoot())
                    .lookup("#console")
                    .queryAs(ConsoleView.class));
            await("the boot menu's 640 by 480", () -> console.guestSizeProperty().get().getWidth() == 640);
            TimeUnit.SECONDS.sleep(4);
            onWindow(() -> Pictures.save(window.stage().getScene(), "boot-menu"));
            assertThat(onWindow(console::picture)).isPresent();
            onWindow(() -> {
                window.stage().requestFocus();
                console.requestFocus();
                return null;
            });
            robot.push(KeyCode.DOWN);
            TimeUnit.SECONDS.sleep(2);
            onWindow(() -> Pictures.save(window.stage().getScene(), "boot-menu-down"));
            onWindow(() -> {
                robot.from(window.stage().getScene().getRoot())
                        .lookup(".tab-pane")
                        .queryAs(javafx.scene.control.TabPane.class)
                        .getSelectionModel()
                        .select(1);
                return null;
            });
            TimeUnit.SECONDS.sleep(1);
            onWindow(() -> Pictures.save(window.stage().getScene(), "boot-overview"));
            assertThat(onWindow(() -> window.model().modelOf(machine).processor().size()))
                    .as("the graphs move")
                    .isGreaterThan(1);
        } finally {
            onWindow(() -> {
                window.requestClose();
                return null;
            });
            if (robot.lookup("#question-confirm").tryQuery().isPresent()) {
                robot.clickOn("#question-confirm");
            }
        }
        assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
    }
}
