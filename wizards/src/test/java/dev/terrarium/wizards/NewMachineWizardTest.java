// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import static org.assertj.core.api.Assertions.assertThat;

import atlantafx.base.theme.PrimerDark;
import atlantafx.base.theme.PrimerLight;
import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.pictures.Pictures;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javafx.application.Application;
import javafx.application.Platform;
import javafx.geometry.Point2D;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.TitledPane;
import javafx.scene.input.KeyCode;
import javafx.stage.Stage;
import javafx.stage.Window;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testfx.api.FxRobot;
import org.testfx.api.FxToolkit;
import org.testfx.util.WaitForAsyncUtils;

/** Goes through the wizard as a person would; leaves pictures in {@code target/screenshots}. */
@Tag("desktop")
class NewMachineWizardTest {
    @TempDir
    Path folder;

    private final FxRobot robot = new FxRobot();
    private Host host;
    private CompletableFuture<Optional<NewMachine>> result;

    @BeforeEach
    void open() throws Exception {
        Stage owner = FxToolkit.registerPrimaryStage();
        host = Engine.open(folder.resolve("home"));
        onWindow(() -> {
            Application.setUserAgentStylesheet(new PrimerLight().getUserAgentStylesheet());
            owner.setScene(new Scene(new javafx.scene.layout.StackPane(), 200, 200));
            owner.show();
            result = NewMachineWizard.show(owner, host, Optional.empty());
            return null;
        });
        WaitForAsyncUtils.waitForFxEvents();
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
        CompletableFuture<T> answer = new CompletableFuture<>();
        Platform.runLater(() -> {
            try {
                answer.complete(call.call());
            } catch (Exception e) {
                answer.completeExceptionally(e);
            }
        });
        return answer.get(20, TimeUnit.SECONDS);
    }

    private static void await(String what, BooleanSupplier condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        while (!onWindow(condition::getAsBoolean)) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private Scene scene() {
        return robot.lookup("#next").query().getScene();
    }

    private void picture(String name) throws Exception {
        TimeUnit.MILLISECONDS.sleep(100);
        onWindow(() -> Pictures.save(scene(), name + "-light"));
        onWindow(() -> {
            Application.setUserAgentStylesheet(new PrimerDark().getUserAgentStylesheet());
            return null;
        });
        onWindow(() -> Pictures.save(scene(), name + "-dark"));
        onWindow(() -> {
            Application.setUserAgentStylesheet(new PrimerLight().getUserAgentStylesheet());
            return null;
        });
    }

    private void type(String field, String text) throws Exception {
        onWindow(() -> {
            robot.lookup(field).queryAs(TextField.class).setText(text);
            return null;
        });
    }

    /** The place of a node is found on the window's thread: it lays the scene out at any other moment. */
    private void click(String query) throws Exception {
        Point2D place = onWindow(() -> robot.point(query).query());
        robot.clickOn(place);
    }

    private Button next() {
        return robot.lookup("#next").queryButton();
    }

    @Test
    void nextNextNextCreateMakesAMachine() throws Exception {
        assertThat(next().isDisabled()).isTrue();
        picture("wizard-0-begin");
        Path iso = TestMedia.iso(folder.resolve("debian-12.5.0-amd64-netinst.iso"), "Debian 12.5.0 amd64 n");
        type("#media-path", iso.toString());
        await("the media is recognised", () -> !next().isDisabled());
        assertThat(robot.lookup("#media-title").queryAs(Label.class).getText()).startsWith("Debian");
        picture("wizard-1-media");
        click("#next");
        String proposed = robot.lookup("#name").queryAs(TextField.class).getText();
        assertThat(proposed).startsWith("debian");
        picture("wizard-2-machine");
        type("#name", "first/machine");
        type("#memory", "99999999");
        await("a slash is refused", () -> next().isDisabled());
        picture("wizard-2-problems");
        type("#name", "first machine");
        type("#memory", "1024");
        click("#next");
        picture("wizard-3-disk");
        click("#next");
        onWindow(() -> {
            robot.lookup("#customise").queryAs(TitledPane.class).setExpanded(true);
            return null;
        });
        picture("wizard-4-summary");
        assertThat(next().getText()).isEqualTo("Create and start");
        click("#start-now");
        assertThat(next().getText()).isEqualTo("Create");
        click("#next");
        Optional<NewMachine> made = result.get(10, TimeUnit.SECONDS);
        assertThat(made).isPresent();
        assertThat(made.get().start()).isFalse();
        assertThat(host.find("first machine")).isPresent();
        await("the wizard is closed", () -> robot.lookup("#next").tryQuery().isEmpty());
    }

    @Test
    void aKernelHasFieldsOfItsOwn() throws Exception {
        click("#choice-kernel");
        Path kernel = TestMedia.kernel(folder.resolve("vmlinuz"));
        type("#media-path", kernel.toString());
        await("the kernel is recognised", () -> !next().isDisabled());
        picture("wizard-1-kernel");
        click("#choice-disk");
        await("it is no disk", () -> next().isDisabled());
        picture("wizard-1-wrong-kind");
    }

    @Test
    void escapeLeavesWithoutAMachine() throws Exception {
        robot.push(KeyCode.ESCAPE);
        assertThat(result.get(10, TimeUnit.SECONDS)).isEmpty();
        assertThat(host.machines()).isEmpty();
    }
}
