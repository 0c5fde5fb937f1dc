// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.snapshot.TreeRow;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.icons.Icon;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import javafx.beans.value.ObservableValue;
import javafx.scene.control.ContentDisplay;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Pane;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.scene.shape.Circle;
import javafx.scene.shape.CubicCurve;
import javafx.scene.shape.Line;
import javafx.scene.shape.Shape;
import javafx.util.Subscription;

/** A row of the tree of snapshots: its lines, a picture, name, time and what is in it. */
final class SnapshotRow extends ListCell<TreeRow> {
    static final double HEIGHT = 76;
    private static final double LANE = 22;
    private static final double DOT = 5.5;

    private final Supplier<ObservableValue<String>> state;
    private final ThumbnailCache pictures;
    private final Pane lines = new Pane();
    private final Thumbnail thumbnail = new Thumbnail(96, 60);
    private final Label name = Controls.label("", "row-name");
    private final Label badge = Controls.label("", "badge");
    private final Label summary = Controls.label("", "row-summary");
    private final Label description = Controls.label("", "row-summary");
    private final HBox row;
    private Subscription subscription = Subscription.EMPTY;

    /** @param state of the machine as it is now, in words */
    SnapshotRow(Supplier<ObservableValue<String>> state, ThumbnailCache pictures) {
        this.state = state;
        this.pictures = pictures;
        setContentDisplay(ContentDisplay.GRAPHIC_ONLY);
        setPrefWidth(0);
        HBox title = new HBox(name, badge);
        title.getStyleClass().add("status");
        badge.setMinWidth(USE_PREF_SIZE);
        VBox words = new VBox(title, summary, description);
        words.getStyleClass().add("snapshot-words");
        words.setMinWidth(0);
        HBox.setHgrow(words, Priority.ALWAYS);
        row = new HBox(lines, thumbnail, words);
        row.getStyleClass().add("snapshot-row");
        lines.setMinHeight(HEIGHT);
        lines.setMaxHeight(HEIGHT);
    }

    /** What is in it, in a word or two. */
    static String content(Snapshot snapshot) {
        return switch (snapshot.content()) {
            case RUNNING -> "Running";
            case STOPPED -> "Off";
            case DISKS -> "Disks only";
        };
    }

    @Override
    protected void updateItem(TreeRow item, boolean empty) {
        super.updateItem(item, empty);
        subscription.unsubscribe();
        subscription = Subscription.EMPTY;
        if (empty || item == null) {
            setGraphic(null);
            setAccessibleText(null);
            return;
        }
        draw(item);
        Optional<Snapshot> shown = item.snapshot();
        Controls.show(thumbnail, shown.isPresent());
        Controls.show(badge, shown.isPresent());
        if (shown.isPresent()) {
            Snapshot snapshot = shown.get();
            name.setText(snapshot.name());
            badge.setText(content(snapshot));
            summary.setText(Words.moment(snapshot.time()) + "  \u00b7  "
                    + Words.size(snapshot.memoryBytes() + snapshot.diskBytes()));
            description.setText(snapshot.description().lines().findFirst().orElse(""));
            Controls.show(description, !snapshot.description().isEmpty());
            subscription = pictures.show(snapshot, thumbnail);
            setAccessibleText(snapshot.name() + ", " + content(snapshot) + ", " + summary.getText());
        } else {
            name.setText("Now");
            Controls.show(description, false);
            subscription = state.get().subscribe(text -> {
                summary.setText("The machine as it is: " + text.toLowerCase(Locale.ROOT));
                setAccessibleText("Now, " + text);
            });
        }
        setGraphic(row);
    }

    private void draw(TreeRow item) {
        int lanes = Math.max(
                item.lane(),
                item.passing().stream().mapToInt(lane -> lane).max().orElse(0));
        double middle = HEIGHT / 2;
        lines.getChildren().clear();
        item.passing().forEach(lane -> lines.getChildren().add(line(lane, 0, HEIGHT, lane == 0)));
        if (item.above()) {
            lines.getChildren().add(line(item.lane(), 0, middle, item.onPath()));
        }
        if (item.below()) {
            lines.getChildren().add(line(item.lane(), middle, HEIGHT, item.onPath()));
        }
        if (item.branchFrom() >= 0) {
            double from = x(item.branchFrom());
            double to = x(item.lane());
            // Behind the line that it leaves.
            lines.getChildren()
                    .addFirst(styled(new CubicCurve(from, 0, from, middle, from, middle, to, middle), false));
        }
        Circle dot = new Circle(x(item.lane()), middle, item.now() ? DOT + 1.5 : DOT);
        dot.getStyleClass().addAll(List.of("tree-dot", item.now() ? "now" : item.onPath() ? "path" : "beside"));
        lines.getChildren().add(dot);
        double width = x(lanes) + LANE / 2;
        lines.setMinWidth(width);
        lines.setPrefWidth(width);
    }

    private static double x(int lane) {
        return LANE / 2 + lane * LANE;
    }

    private static Shape line(int lane, double from, double to, boolean onPath) {
        return styled(new Line(x(lane), from, x(lane), to), onPath);
    }

    private static Shape styled(Shape shape, boolean onPath) {
        shape.getStyleClass().addAll("tree-line", onPath ? "path" : "beside");
        return shape;
    }

    /** An icon where there is no picture. */
    static Icon placeholder(Snapshot snapshot) {
        return snapshot.content() == Snapshot.Content.STOPPED ? Icon.POWER : Icon.CAMERA;
    }
}
