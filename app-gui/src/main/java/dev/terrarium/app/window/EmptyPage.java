// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.icons.ApplicationIcon;
import dev.terrarium.icons.Icon;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.image.ImageView;
import javafx.scene.layout.HBox;
import javafx.scene.layout.VBox;

/** What somebody sees who has no machine yet. */
final class EmptyPage extends VBox {
    EmptyPage(MainViewModel model, Runnable newMachine) {
        getStyleClass().add("empty-page");
        ImageView picture = new ImageView(ApplicationIcon.image(256));
        picture.setFitWidth(112);
        picture.setFitHeight(112);
        picture.setSmooth(true);
        Label title = Controls.label("No machines yet", "empty-title");
        Label text = Controls.wrapped(
                "Choose an installer\u2019s ISO file and watch it boot in this window. Nothing else has to be installed.",
                "empty-text");
        Button make = Controls.button("first-machine", Icon.ADD, "New machine", newMachine);
        make.getStyleClass().addAll("accent", "large");
        make.setDefaultButton(true);
        Label hint = Controls.label("or drop an ISO file onto this window", "muted-text");
        Label advice = Controls.wrapped("", "failure-text");
        HBox problem = new HBox(Icon.WARNING.view().styled("danger"), advice);
        problem.getStyleClass().add("failure");
        problem.setMaxWidth(520);
        model.capabilitiesProperty().subscribe(known -> {
            advice.setText(model.hostProblem().map(Words::sentence).orElse(""));
            Controls.show(problem, model.hostProblem().isPresent());
        });
        getChildren().setAll(picture, title, text, make, hint, problem);
    }
}
