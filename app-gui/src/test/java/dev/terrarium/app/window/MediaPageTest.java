// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.media.Medium;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageSource;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import javafx.geometry.Bounds;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.TableView;
import javafx.scene.control.TextField;
import javafx.scene.control.TitledPane;
import javafx.stage.Window;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testfx.util.WaitForAsyncUtils;

/** The page of disks and CDs, as a person uses it; leaves pictures. */
@Tag("desktop")
class MediaPageTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path home;

    private WindowRobot robot;
    private Path media;

    @BeforeEach
    void people() throws Exception {
        robot = new WindowRobot(home);
        media = Files.createDirectories(home.resolve("media"));
    }

    private void files() throws Exception {
        robot.host().add("debian-12", "debian12").in(MachineState.RUNNING);
        robot.host().add("build", "fedora");
        Files.createDirectories(robot.host().add("router", "alpine").folder().resolve("snapshots/1"));
        for (String each : List.of("scratch.qcow2 qcow2", "windows-11.vmdk vmdk", "appliance.vdi vdi")) {
            String[] words = each.split(" ");
            DiskImages.create(
                    new ImageSource(media.resolve(words[0]), words[1], List.of()), OptionalLong.of(40 * GIB), Map.of());
        }
        DiskImages.create(
                new ImageSource(media.resolve("child.qcow2"), "qcow2", List.of()),
                OptionalLong.empty(),
                Map.of("backing_file", "scratch.qcow2", "backing_fmt", "qcow2"));
        try (RandomAccessFile iso = new RandomAccessFile(
                media.resolve("debian-12.5.0-amd64-netinst.iso").toFile(), "rw")) {
            iso.setLength(659_554_304);
        }
        Files.write(media.resolve("broken.vhdx"), new byte[70_000]);
    }

    private void openMedia() throws Exception {
        robot.open();
        robot.clickOn("#place-media");
        robot.await(
                "the files", () -> this.<Label>find("#media-figures").getText().contains("file"));
    }

    private <T extends Node> T find(String query) {
        return robot.find(query);
    }

    private void select(String name) throws Exception {
        robot.onWindow(() -> {
            TableView<Medium> table = find("#media");
            table.getItems().stream()
                    .filter(each -> each.name().equals(name))
                    .findFirst()
                    .ifPresent(each -> table.getSelectionModel().select(each));
            return null;
        });
        robot.await(
                "the details", () -> this.<Label>find("#medium-name").getText().equals(name));
    }

    private void press(String query) throws Exception {
        robot.onWindow(() -> {
            robot.robot().lookup(query).<Button>query().fire();
            return null;
        });
    }

    @Test
    void filesAreListedWithWhoUsesThem() throws Exception {
        files();
        openMedia();
        assertThat(this.<TableView<Medium>>find("#media").getItems()).hasSize(10);
        select("windows-11.vmdk");
        assertThat(this.<Button>find("#medium-delete").isDisabled()).isFalse();
        robot.picture("media-light");
        select("scratch.qcow2");
        assertThat(this.<Button>find("#medium-delete").isDisabled()).isTrue();
        assertThat(this.<Button>find("#medium-resize").isDisabled()).isTrue();
        assertThat(this.<Label>find("#medium-locked").getText()).contains("base of child.qcow2");
        robot.clickOn("#theme");
        robot.picture("media-base-dark");
        select("broken.vhdx");
        robot.picture("media-broken-dark");
        robot.clickOn("#media-cds");
        assertThat(this.<TableView<Medium>>find("#media").getItems()).hasSize(2);
        select("debian-12.5.0-amd64-netinst.iso");
        robot.picture("media-cd-dark");
    }

    @Test
    void theSmallestWindowHasRoomForAll() throws Exception {
        files();
        openMedia();
        select("windows-11.vmdk");
        robot.onWindow(() -> {
            robot.window().stage().setWidth(720);
            robot.window().stage().setHeight(480);
            return null;
        });
        robot.await("narrow", () -> robot.window().stage().getScene().getWidth() < 730);
        WaitForAsyncUtils.waitForFxEvents();
        robot.picture("media-smallest-light");
        for (String each : List.of("#theme", "#media-new", "#medium-convert", "#search")) {
            Bounds place = robot.onWindow(() -> {
                Node node = find(each);
                return node.localToScene(node.getBoundsInLocal());
            });
            assertThat(place.getMaxX()).as(each).isLessThanOrEqualTo(720);
            assertThat(place.getWidth()).as(each).isPositive();
        }
    }

    @Test
    void withoutFilesThePageTeaches() throws Exception {
        openMedia();
        robot.picture("media-empty-light");
        robot.clickOn("#media-new");
        robot.await("the dialog", () -> Window.getWindows().size() > 1);
        robot.await(
                "an answer about the path",
                () -> !robot.robot().lookup("#form-confirm").<Button>query().isDisabled());
        robot.topPicture("media-new-disk-light");
        robot.onWindow(() -> {
            robot.robot().lookup("#disk-size").<TextField>query().setText("8");
            return null;
        });
        press("#form-confirm");
        robot.await(
                "the disk",
                () -> this.<TableView<Medium>>find("#media").getItems().size() == 1);
        assertThat(DiskImages.info(ImageSource.of(media.resolve("disk.qcow2"))).virtualSize())
                .isEqualTo(8 * GIB);
    }

    @Test
    void aDiskIsResizedConvertedAndDeleted() throws Exception {
        files();
        openMedia();
        select("child.qcow2");
        press("#medium-resize");
        robot.await("the dialog", () -> Window.getWindows().size() > 1);
        robot.onWindow(() -> {
            robot.robot().lookup("#disk-size").<TextField>query().setText("16");
            return null;
        });
        assertThat(robot.robot().lookup("#form-confirm").<Button>query().isDisabled())
                .isTrue();
        WaitForAsyncUtils.waitForFxEvents();
        robot.topPicture("media-shrink-light");
        robot.onWindow(() -> {
            robot.robot().lookup("#disk-size").<TextField>query().setText("64");
            return null;
        });
        press("#form-confirm");
        robot.await("the new size", () -> this.<TableView<Medium>>find("#media").getItems().stream()
                .anyMatch(
                        each -> each.name().equals("child.qcow2") && each.size().orElse(0) == 64 * GIB));
        select("windows-11.vmdk");
        press("#medium-convert");
        robot.await("the dialog", () -> Window.getWindows().size() > 1);
        robot.await(
                "an answer about the path",
                () -> !robot.robot().lookup("#form-confirm").<Button>query().isDisabled());
        robot.onWindow(() -> {
            robot.robot().lookup("#advanced").<TitledPane>query().setExpanded(true);
            return null;
        });
        WaitForAsyncUtils.waitForFxEvents();
        robot.topPicture("media-convert-light");
        press("#form-confirm");
        robot.await("the copy", () -> this.<TableView<Medium>>find("#media").getItems().stream()
                .anyMatch(each -> each.name().equals("windows-11.qcow2")));
        assertThat(DiskImages.info(ImageSource.of(media.resolve("windows-11.qcow2")))
                        .virtualSize())
                .isEqualTo(40 * GIB);
        select("windows-11.vmdk");
        press("#medium-delete");
        robot.picture("media-delete-light");
        press("#question-confirm");
        robot.await("it is gone", () -> !Files.exists(media.resolve("windows-11.vmdk")));
    }
}
