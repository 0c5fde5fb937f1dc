// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.task.Task;
import dev.terrarium.app.task.Tasks;
import dev.terrarium.icons.Icon;
import dev.terrarium.icons.IconView;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.DoubleConsumer;
import javafx.animation.KeyFrame;
import javafx.animation.Timeline;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.collections.ListChangeListener;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.Duration;

/** Long work at the bottom of the window: one line while something runs; opened, all of it with what has ended. */
final class TaskBar extends VBox {
    private static final Duration REFRESHED = Duration.millis(250);
    private static final double MOST_LIST_HEIGHT = 210;

    private final Tasks tasks;
    private final Map<Task, TaskRow> rows = new WeakHashMap<>();
    private final BooleanProperty open = new SimpleBooleanProperty(this, "open");
    private final StackPane front = new StackPane();
    private final Label others = Controls.label("", "muted-text");
    private final VBox list = new VBox();
    private final Label count = Controls.label("", "muted-text");
    private final Button clear = new Button("Clear");
    private final Timeline refreshing;

    TaskBar(Tasks tasks) {
        this.tasks = tasks;
        setId("tasks");
        getStyleClass().add("task-bar");
        refreshing = new Timeline(new KeyFrame(REFRESHED, event -> tasks.refresh()));
        refreshing.setCycleCount(Timeline.INDEFINITE);
        HBox.setHgrow(front, Priority.ALWAYS);
        front.setMinWidth(0);
        others.setMinWidth(USE_PREF_SIZE);
        Button expand = Controls.iconButton("tasks-open", Icon.CHEVRON_UP, "Show all tasks", () -> open.set(true));
        expand.getStyleClass().addAll("flat", "small");
        HBox line = new HBox(front, others, expand);
        line.getStyleClass().add("task-line");

        clear.setId("tasks-clear");
        clear.getStyleClass().addAll("flat", "small");
        clear.setTooltip(new Tooltip("Forget the tasks that have ended"));
        clear.setOnAction(event -> tasks.clearEnded());
        Button fold = Controls.iconButton("tasks-close", Icon.CHEVRON_DOWN, "Hide the tasks", () -> open.set(false));
        fold.getStyleClass().addAll("flat", "small");
        HBox head = new HBox(Controls.label("Tasks", "section-title"), count, Controls.gap(), clear, fold);
        head.getStyleClass().add("task-head");
        list.getStyleClass().add("task-list");
        ScrollPane scroll = new ScrollPane(list);
        scroll.getStyleClass().add("page-scroll");
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.setMinHeight(48);
        list.heightProperty()
                .subscribe(height -> scroll.setPrefViewportHeight(Math.min(MOST_LIST_HEIGHT, height.doubleValue())));
        VBox all = new VBox(head, scroll);
        getChildren().setAll(line, all);

        Runnable arrange = () -> {
            Controls.show(line, !open.get());
            Controls.show(all, open.get());
            Controls.show(this, open.get() || tasks.runningProperty().get() > 0);
            fill();
        };
        open.subscribe(arrange);
        tasks.runningProperty().subscribe(running -> {
            if (running.intValue() > 0) {
                refreshing.play();
            } else {
                refreshing.stop();
            }
            arrange.run();
        });
        tasks.all().addListener((ListChangeListener<Task>) change -> arrange.run());
    }

    /** Is the whole list shown? */
    BooleanProperty openProperty() {
        return open;
    }

    /** Tells what it takes of the window, in pixels; 0 while it is hidden. */
    void onHeight(DoubleConsumer listener) {
        Runnable tell = () -> listener.accept(isVisible() ? getHeight() : 0);
        heightProperty().subscribe(tell);
        visibleProperty().subscribe(tell);
    }

    /** The button in the window's bar that opens the list; there once something has been done. */
    Button button() {
        Button button = Controls.iconButton("show-tasks", Icon.TASKS, "Tasks", () -> open.set(!open.get()));
        button.getStyleClass().add("flat");
        IconView icon = (IconView) button.getGraphic();
        Runnable arrange = () -> {
            Controls.show(button, !tasks.all().isEmpty());
            icon.getStyleClass().removeAll("accent");
            if (tasks.runningProperty().get() > 0) {
                icon.styled("accent");
            }
        };
        arrange.run();
        tasks.all().addListener((ListChangeListener<Task>) change -> arrange.run());
        tasks.runningProperty().subscribe(arrange);
        return button;
    }

    private TaskRow row(Task task) {
        return rows.computeIfAbsent(task, TaskRow::new);
    }

    private void fill() {
        List<Task> running = tasks.running();
        count.setText(running.isEmpty() ? "" : running.size() + " running");
        clear.setDisable(running.size() == tasks.all().size());
        // The one that began first keeps the line until it ends.
        List<TaskRow> shown = running.isEmpty() ? List.of() : List.of(row(running.getLast()));
        others.setText(running.size() > 1 ? "+ " + (running.size() - 1) + " more" : "");
        Controls.show(others, running.size() > 1);
        if (open.get()) {
            front.getChildren().clear();
            List<Task> sorted = tasks.all().stream()
                    .sorted(Comparator.comparing(task -> task.status().state().ended()))
                    .toList();
            list.getChildren().setAll(sorted.stream().map(this::row).toList());
            if (sorted.isEmpty()) {
                list.getChildren().setAll(Controls.label("Copies and other long work are listed here", "muted-text"));
            }
        } else {
            list.getChildren().clear();
            front.getChildren().setAll(shown);
        }
    }
}
