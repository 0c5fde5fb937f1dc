// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.settings.Settings;
import dev.terrarium.app.settings.SettingsFile;
import dev.terrarium.app.snapshot.TreeRow;
import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.pictures.Pictures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ListView;
import javafx.scene.control.TabPane;
import javafx.scene.control.TextInputControl;
import javafx.stage.Window;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testfx.api.FxRobot;
import org.testfx.api.FxToolkit;
import org.testfx.util.WaitForAsyncUtils;

/**
 * Snapshots and saving through the window, on a real machine: one without anything to boot, which says so on its screen, so that
 * there is memory and a picture.
 */
@Tag("desktop")
@Tag("guest-boot")
class RealSnapshotsTest {
    @TempDir
    Path home;

    private final FxRobot robot = new FxRobot();
    private final CountDownLatch closed = new CountDownLatch(1);
    private Host host;
    private VirtualMachine machine;
    private MainWindow window;

    @BeforeEach
    void open() throws Exception {
        FxToolkit.registerPrimaryStage();
        host = Engine.open(home);
        Path disk = Files.createDirectories(home.resolve("elsewhere")).resolve("small.img");
        Files.write(disk, new byte[4 << 20]);
        machine = host.create(
                new MachineConfig(
                        MachineConfig.CURRENT_VERSION,
                        UUID.randomUUID(),
                        "ant",
                        "other",
                        64,
                        1,
                        1,
                        Accelerator.SOFTWARE,
                        List.of(BootDevice.DISK),
                        List.of(new DriveConfig(
                                DriveConfig.Kind.DISK,
                                disk.toString(),
                                DriveConfig.Format.RAW,
                                DriveConfig.Bus.IDE,
                                false)),
                        null,
                        List.of(),
                        null,
                        null),
                List.of());
        SettingsFile settings = new SettingsFile(home);
        settings.save(Settings.DEFAULT.withSize(1280, 800, false));
        onWindow(() -> {
            Window.getWindows().stream().toList().forEach(Window::hide);
            window = new MainWindow(host, settings, closed::countDown);
            window.show();
            return null;
        });
        await(
                "the first sample",
                () -> window.model().capabilitiesProperty().get().isPresent());
        onWindow(() -> {
            window.select(machine, false);
            TabPane tabs = find(".tab-pane");
            tabs.getSelectionModel().select(2);
            return null;
        });
    }

    @AfterEach
    void close() throws Exception {
        onWindow(() -> {
            Window.getWindows().stream().toList().forEach(Window::hide);
            return null;
        });
        host.close();
    }

    private static <T> T onWindow(Callable<T> call) throws Exception {
        return WaitForAsyncUtils.waitForAsyncFx(20_000, call);
    }

    private static void await(String what, BooleanSupplier condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!onWindow(condition::getAsBoolean)) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private <T extends Node> T find(String query) {
        return robot.from(window.stage().getScene().getRoot()).lookup(query).query();
    }

    private void press(String query) throws Exception {
        await(query, () -> robot.lookup(query).queryAllAs(Button.class).stream().anyMatch(each -> !each.isDisabled()));
        onWindow(() -> {
            robot.lookup(query).<Button>query().fire();
            return null;
        });
    }

    private List<TreeRow> rows() {
        return this.<ListView<TreeRow>>find("#snapshots").getItems();
    }

    private void take(String button, String name) throws Exception {
        press(button);
        await("the dialog", () -> robot.lookup("#snapshot-name").tryQuery().isPresent());
        onWindow(() -> {
            robot.lookup("#snapshot-name").<TextInputControl>query().setText(name);
            return null;
        });
        press("#form-confirm");
        await(name, () -> rows().stream()
                .anyMatch(row -> row.snapshot().map(Snapshot::name).orElse("").equals(name)));
        await("all ended", () -> window.model().tasks().running().isEmpty());
    }

    private void select(String name) throws Exception {
        onWindow(() -> {
            ListView<TreeRow> list = find("#snapshots");
            list.getItems().stream()
                    .filter(row -> row.snapshot().map(Snapshot::name).orElse("").equals(name))
                    .forEach(row -> list.getSelectionModel().select(row));
            return null;
        });
    }

    @Test
    void takenGoneBackToDeletedAndSaved() throws Exception {
        take("#first-snapshot", "Off");
        press("#start");
        await("it runs", () -> window.model().modelOf(machine).state() == MachineState.RUNNING);
        TimeUnit.SECONDS.sleep(3); // its screen is to have something on it
        onWindow(() -> {
            this.<TabPane>find(".tab-pane").getSelectionModel().select(2);
            return null;
        });
        take("#take-snapshot", "Running");
        await("the picture", () -> rows().stream()
                .anyMatch(row -> row.snapshot().flatMap(Snapshot::picture).isPresent()));
        select("Running");
        WaitForAsyncUtils.waitForFxEvents();
        onWindow(() -> Pictures.save(window.stage().getScene(), "real-snapshots"));

        select("Off");
        press("#snapshot-revert");
        press("#question-confirm");
        await("off as it was then", () -> window.model().modelOf(machine).state() == MachineState.OFF);
        await("all ended", () -> window.model().tasks().running().isEmpty());
        assertThat(machine.snapshots().tree().snapshots())
                .extracting(Snapshot::name)
                .containsExactlyInAnyOrder("Off", "Running", "Before Off");

        select("Before Off");
        press("#snapshot-delete");
        press("#question-confirm");
        await("two are left", () -> rows().size() == 3);
        await("all ended", () -> window.model().tasks().running().isEmpty());

        press("#start");
        await("it runs", () -> window.model().modelOf(machine).state() == MachineState.RUNNING);
        press("#save");
        await("it is saved", () -> window.model().modelOf(machine).state() == MachineState.SAVED);
        assertThat(window.model().notices()).noneMatch(notice -> notice.kind() == Notice.Kind.ERROR);
        onWindow(() -> {
            window.requestClose();
            return null;
        });
        assertThat(closed.await(20, TimeUnit.SECONDS))
                .as("nothing stands in the way")
                .isTrue();
    }
}
