// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.icons.Icon;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import javafx.animation.PauseTransition;
import javafx.collections.ListChangeListener;
import javafx.scene.AccessibleRole;
import javafx.scene.control.Button;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.util.Duration;

/** Notices in the window's lower right corner; good news leaves by itself. */
final class NoticeStack extends VBox {
    private static final Duration SHOWN = Duration.seconds(6);

    private final MainViewModel model;
    private final Map<Notice, HBox> boxes = new HashMap<>();

    NoticeStack(MainViewModel model) {
        this.model = model;
        getStyleClass().add("notices");
        setPickOnBounds(false);
        setMaxSize(USE_PREF_SIZE, USE_PREF_SIZE);
        model.notices().addListener((ListChangeListener<Notice>) change -> {
            while (change.next()) {
                change.getRemoved().forEach(gone -> getChildren().remove(boxes.remove(gone)));
                change.getAddedSubList().forEach(this::add);
            }
        });
    }

    private void add(Notice notice) {
        Icon icon =
                switch (notice.kind()) {
                    case DONE -> Icon.DONE;
                    case WARNING -> Icon.WARNING;
                    case ERROR -> Icon.ERROR;
                };
        String colour =
                switch (notice.kind()) {
                    case DONE -> "success";
                    case WARNING -> "warning";
                    case ERROR -> "danger";
                };
        VBox text = new VBox(Controls.wrapped(notice.title(), "notice-title"));
        text.getStyleClass().add("notice-text");
        if (!notice.text().isEmpty()) {
            text.getChildren().add(Controls.wrapped(notice.text()));
        }
        HBox.setHgrow(text, Priority.ALWAYS);
        Button close = Controls.iconButton("", Icon.CLOSE, "Close this notice", () -> model.dismiss(notice));
        close.getStyleClass().addAll("flat", "small");
        HBox box = new HBox(icon.view(18).styled(colour), text, close);
        box.getStyleClass().addAll("notice", notice.kind().name().toLowerCase(Locale.ROOT));
        box.setAccessibleRole(AccessibleRole.TEXT);
        box.setAccessibleText(notice.title() + ". " + notice.text());
        boxes.put(notice, box);
        getChildren().add(box);
        if (notice.kind() == Notice.Kind.DONE) {
            PauseTransition leave = new PauseTransition(SHOWN);
            leave.setOnFinished(event -> model.dismiss(notice));
            leave.play();
        }
    }
}
