// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.media.Medium;
import dev.terrarium.icons.Icon;
import dev.terrarium.wizards.DiskDialogs;
import java.io.File;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import javafx.beans.property.SimpleObjectProperty;
import javafx.collections.ListChangeListener;
import javafx.collections.transformation.SortedList;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.OverrunStyle;
import javafx.scene.control.TableCell;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableRow;
import javafx.scene.control.TableView;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.VBox;
import javafx.stage.DirectoryChooser;

/** All disks and CDs in one table; beside it, the one that is selected and what can be done with it. */
final class MediaPage extends BorderPane {
    /** In pixels; where the table is narrower, the names need the room of what is shown beside it, too. */
    private static final double NARROW = 560;

    private final MediaViewModel model;
    private final TableView<Medium> table = new TableView<>();
    private final MediumPane details;

    MediaPage(MediaViewModel model, MediumPane.Requests requests) {
        this.model = model;
        details = new MediumPane(model, requests);
        getStyleClass().add("media-page");
        setTop(header());
        buildTable();
        setCenter(table);
        setRight(details);
    }

    private HBox header() {
        Label title = Controls.label("Disks and CDs", "machine-name");
        Label figures = Controls.label("", "muted-text");
        figures.setId("media-figures");
        figures.textProperty().bind(model.figuresProperty());
        VBox words = new VBox(title, figures);
        words.getStyleClass().add("page-title");
        words.setMinWidth(160);
        Button refresh = Controls.iconButton("media-refresh", Icon.RESET, "Look again (F5)", model::refresh);
        Button folder = Controls.button("media-folder", Icon.FOLDER, "Add folder\u2026", this::addFolder);
        Button add = Controls.button("media-new", Icon.ADD, "New disk\u2026", this::newDisk);
        HBox header = new HBox(words, Controls.gap(), filters(), refresh, folder, add);
        header.getStyleClass().add("media-header");
        return header;
    }

    private HBox filters() {
        HBox filters = new HBox();
        filters.getStyleClass().add("filters");
        filters.setMinWidth(USE_PREF_SIZE);
        ToggleGroup group = new ToggleGroup();
        for (MediaViewModel.Filter each : MediaViewModel.Filter.values()) {
            ToggleButton button = new ToggleButton(
                    switch (each) {
                        case ALL -> "All";
                        case DISKS -> "Disks";
                        case CDS -> "CDs";
                    });
            button.setId("media-" + each.name().toLowerCase(Locale.ROOT));
            button.getStyleClass()
                    .addAll(
                            "filter",
                            switch (each) {
                                case ALL -> "left-pill";
                                case DISKS -> "center-pill";
                                case CDS -> "right-pill";
                            });
            button.setToggleGroup(group);
            button.setOnAction(event -> {
                button.setSelected(true);
                model.filterProperty().set(each);
            });
            model.filterProperty().subscribe(now -> button.setSelected(now == each));
            filters.getChildren().add(button);
        }
        return filters;
    }

    private void buildTable() {
        table.setId("media");
        table.setAccessibleText("Disks and CDs");
        TableColumn<Medium, Medium> name = new TableColumn<>("Name");
        name.setCellValueFactory(cell -> new SimpleObjectProperty<>(cell.getValue()));
        name.setCellFactory(column -> new NameCell());
        name.setComparator(Comparator.comparing(Medium::name, String.CASE_INSENSITIVE_ORDER));
        name.setPrefWidth(300);
        TableColumn<Medium, Medium> format =
                text("Format", 80, MediumPane::format, Comparator.comparing(MediumPane::format));
        TableColumn<Medium, Medium> host = text(
                "On this computer",
                130,
                medium -> medium.missing() ? "Missing" : Words.size(medium.hostBytes()),
                Comparator.comparingLong(Medium::hostBytes));
        table.getColumns()
                .setAll(List.of(
                        name,
                        format,
                        text(
                                "Size",
                                90,
                                medium -> medium.size().isPresent()
                                        ? Words.size(medium.size().getAsLong())
                                        : "\u2013",
                                Comparator.comparingLong(medium -> medium.size().orElse(-1))),
                        host,
                        text(
                                "Used by",
                                180,
                                MediaViewModel::users,
                                Comparator.comparing(MediaViewModel::users, String.CASE_INSENSITIVE_ORDER))));
        table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        table.widthProperty().map(width -> width.doubleValue() < NARROW).subscribe(narrow -> {
            format.setVisible(!narrow);
            host.setVisible(!narrow);
        });
        SortedList<Medium> sorted = new SortedList<>(model.shown());
        sorted.comparatorProperty().bind(table.comparatorProperty());
        table.setItems(sorted);
        table.setPlaceholder(placeholder());
        table.getSelectionModel()
                .selectedItemProperty()
                .subscribe(selected -> details.setMedium(Optional.ofNullable(selected)));
        // The same file stays selected when it is looked at again.
        model.shown().addListener((ListChangeListener<Medium>) change -> reselect());
        table.setOnKeyPressed(event -> {
            if (event.getCode() == KeyCode.DELETE) {
                details.delete();
            }
        });
        table.setRowFactory(view -> {
            TableRow<Medium> row = new TableRow<>();
            row.itemProperty().subscribe(medium -> row.setContextMenu(medium == null ? null : details.menu()));
            return row;
        });
    }

    private void reselect() {
        details.medium().ifPresent(before -> {
            List<Medium> items = table.getItems();
            for (int i = 0; i < items.size(); i++) {
                if (items.get(i).path().equals(before.path())) {
                    table.getSelectionModel().select(i);
                    return;
                }
            }
            table.getSelectionModel().clearSelection();
        });
    }

    private Node placeholder() {
        Label title = Controls.label("", "section-title");
        Label text = Controls.wrapped("", "empty-text");
        VBox box = new VBox(Icon.MEDIA.view(40).styled("muted"), title, text);
        box.getStyleClass().add("empty-page");
        Runnable arrange = () -> {
            boolean searching = !model.searchProperty().get().isBlank();
            if (!model.scannedProperty().get()) {
                title.setText("Looking\u2026");
                text.setText("");
            } else if (searching) {
                title.setText("Nothing found");
                text.setText("No file, format or machine has \u201c"
                        + model.searchProperty().get().strip() + "\u201d in its name.");
            } else {
                title.setText("No disks or CDs here yet");
                text.setText("The disks of your machines are listed here, and every image in " + model.ownFolder()
                        + ". Drop an ISO file or a folder here, or make a new disk.");
            }
        };
        model.scannedProperty().subscribe(arrange);
        model.searchProperty().subscribe(arrange);
        arrange.run();
        return box;
    }

    private static TableColumn<Medium, Medium> text(
            String title, double width, Function<Medium, String> words, Comparator<Medium> order) {
        TableColumn<Medium, Medium> column = new TableColumn<>(title);
        column.setPrefWidth(width);
        column.setComparator(order);
        column.setCellValueFactory(cell -> new SimpleObjectProperty<>(cell.getValue()));
        column.setCellFactory(view -> new TableCell<>() {
            @Override
            protected void updateItem(Medium medium, boolean empty) {
                super.updateItem(medium, empty);
                setText(empty || medium == null ? "" : words.apply(medium));
            }
        });
        return column;
    }

    private void newDisk() {
        DiskDialogs.newDisk(getScene().getWindow(), model.ownFolder(), model::create);
    }

    private void addFolder() {
        DirectoryChooser chooser = new DirectoryChooser();
        chooser.setTitle("List the images of this folder");
        File chosen = chooser.showDialog(getScene().getWindow());
        if (chosen != null) {
            model.addFolder(chosen.toPath());
        }
    }

    /** Icon, name, and the folder below. */
    private static final class NameCell extends TableCell<Medium, Medium> {
        private final Label name = Controls.label("", "row-name");
        private final Label where = Controls.label("", "row-summary");
        private final HBox row = new HBox();

        NameCell() {
            VBox words = new VBox(name, where);
            words.setMinWidth(0);
            row.getChildren().setAll(Icon.DISK.view(20), words);
            row.getStyleClass().add("medium-name");
        }

        @Override
        protected void updateItem(Medium medium, boolean empty) {
            super.updateItem(medium, empty);
            if (empty || medium == null) {
                setGraphic(null);
                return;
            }
            Icon icon = medium.kind() == Medium.Kind.CD ? Icon.CD : Icon.DISK;
            row.getChildren()
                    .set(
                            0,
                            medium.problem().isPresent()
                                    ? Icon.WARNING.view(20).styled("warning")
                                    : icon.view(20).styled("muted"));
            name.setText(medium.name());
            where.setTextOverrun(medium.title().isEmpty() ? OverrunStyle.LEADING_ELLIPSIS : OverrunStyle.ELLIPSIS);
            where.setText(
                    medium.title().isEmpty() ? String.valueOf(medium.path().getParent()) : medium.title());
            setGraphic(row);
        }
    }
}
