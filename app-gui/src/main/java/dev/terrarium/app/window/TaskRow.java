// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.task.Task;
import dev.terrarium.icons.Icon;
import dev.terrarium.icons.IconView;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;

/** One task on one line: how far it is, how fast, how long it still takes; afterwards how it ended. */
final class TaskRow extends HBox {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT).withZone(ZoneId.systemDefault());

    private final Task task;
    private final IconView icon = Icon.CLOCK.view().styled("accent");
    private final ProgressBar bar = new ProgressBar();
    private final Label share = Controls.label("", "task-share");
    private final Label rate = Controls.label("", "task-rate");
    private final Label left = Controls.label("", "task-left");
    private final Label end = Controls.label("", "task-end");
    private final Button cancel;

    TaskRow(Task task) {
        this.task = task;
        getStyleClass().add("task-row");
        Label title = Controls.label(task.title(), "task-title");
        title.setMinWidth(80);
        cancel = Controls.iconButton("", Icon.CLOSE, "Cancel: " + task.title(), task::cancel);
        cancel.getStyleClass().addAll("flat", "small", "task-cancel");
        bar.setMinWidth(80);
        HBox.setHgrow(end, Priority.ALWAYS);
        end.setMaxWidth(Double.MAX_VALUE);
        end.setMinWidth(0);
        getChildren().setAll(icon, title, bar, share, rate, left, end, cancel);
        task.statusProperty().subscribe(this::show);
    }

    Task task() {
        return task;
    }

    private void show(Task.Status status) {
        boolean ended = status.state().ended();
        boolean known = status.share() >= 0;
        bar.setProgress(known ? status.share() : ProgressBar.INDETERMINATE_PROGRESS);
        Controls.show(bar, !ended);
        Controls.show(share, !ended && known);
        Controls.show(rate, status.bytesPerSecond().isPresent());
        Controls.show(left, status.nanosLeft().isPresent());
        Controls.show(cancel, task.cancellable() && !ended);
        cancel.setDisable(status.state() == Task.State.CANCELLING);
        share.setText(known ? Words.percent(status.share()) : "");
        status.bytesPerSecond().ifPresent(bytes -> rate.setText(Words.rate(bytes)));
        status.nanosLeft().ifPresent(nanos -> left.setText(Words.left(nanos)));
        end.setText(
                switch (status.state()) {
                    case RUNNING -> "";
                    case CANCELLING -> "Stopping\u2026";
                    case DONE -> "Done in " + Words.duration(status.nanos()) + ", " + TIME.format(task.started());
                    case FAILED -> Words.sentence(status.reason());
                    case CANCELLED -> "Cancelled";
                });
        if (ended) {
            icon.getStyleClass().removeAll("accent");
            icon.setIcon(
                    switch (status.state()) {
                        case DONE -> Icon.DONE;
                        case FAILED -> Icon.ERROR;
                        default -> Icon.CLOSE;
                    });
            icon.styled(
                    switch (status.state()) {
                        case DONE -> "success";
                        case FAILED -> "danger";
                        default -> "muted";
                    });
        }
        setAccessibleText(ended ? task.title() + ": " + end.getText() : task.title() + " " + share.getText());
    }
}
