// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import static org.assertj.core.api.Assertions.assertThat;

import atlantafx.base.theme.PrimerDark;
import atlantafx.base.theme.PrimerLight;
import dev.terrarium.engine.CloneRequest;
import dev.terrarium.pictures.Pictures;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javafx.application.Application;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.RadioButton;
import javafx.scene.layout.StackPane;
import javafx.stage.Stage;
import javafx.stage.Window;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.testfx.api.FxRobot;
import org.testfx.api.FxToolkit;
import org.testfx.util.WaitForAsyncUtils;

/** The clone dialog as a person uses it; leaves pictures. */
@Tag("desktop")
class CloneDialogTest {
    private final FxRobot robot = new FxRobot();
    private final CompletableFuture<CloneRequest> wanted = new CompletableFuture<>();

    private static void onWindow(Runnable run) {
        WaitForAsyncUtils.waitForAsyncFx(20_000, run);
        WaitForAsyncUtils.waitForFxEvents();
    }

    private void awaitPlan() throws Exception {
        WaitForAsyncUtils.waitFor(20, TimeUnit.SECONDS, () -> !robot.lookup("#form-confirm")
                .<Button>query()
                .isDisabled());
        WaitForAsyncUtils.waitForFxEvents();
    }

    @Test
    void aLinkedCopyOfASnapshotIsAskedFor() throws Exception {
        Stage owner = FxToolkit.registerPrimaryStage();
        onWindow(() -> {
            Application.setUserAgentStylesheet(new PrimerLight().getUserAgentStylesheet());
            owner.setScene(new Scene(new StackPane(), 200, 200));
            owner.show();
            CloneDialog.show(
                    owner,
                    "build",
                    true,
                    Set.of("build", "web"),
                    List.of(CloneViewModelTest.SNAPSHOT),
                    Optional.empty(),
                    CloneViewModelTest::plan,
                    wanted::complete);
        });
        awaitPlan();
        picture("clone-light");
        onWindow(() -> {
            Application.setUserAgentStylesheet(new PrimerDark().getUserAgentStylesheet());
            robot.lookup("#clone-linked").<RadioButton>query().fire();
        });
        awaitPlan();
        picture("clone-linked-dark");
        onWindow(() -> robot.lookup("#form-confirm").<Button>query().fire());
        assertThat(wanted.get(5, TimeUnit.SECONDS))
                .isEqualTo(new CloneRequest("build-2", CloneRequest.Kind.LINKED, Optional.empty()));
        assertThat(Window.getWindows()).containsExactly(owner);
        onWindow(owner::hide);
    }

    private static void picture(String name) {
        WaitForAsyncUtils.waitForAsyncFx(
                20_000, () -> Pictures.save(Window.getWindows().getLast().getScene(), name));
    }
}
