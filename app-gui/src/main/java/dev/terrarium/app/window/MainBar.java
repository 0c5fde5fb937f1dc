// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.icons.Icon;
import java.util.List;
import java.util.Locale;
import javafx.beans.property.ObjectProperty;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ContentDisplay;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.HBox;

/** The bar at the top: new machine, where to look, search, and what the host is doing. */
final class MainBar extends HBox {
    /** What the window shows below the bar. */
    enum Place {
        MACHINES("Machines", Icon.MACHINE),
        MEDIA("Disks and CDs", Icon.MEDIA);

        private final String title;
        private final Icon icon;

        Place(String title, Icon icon) {
            this.title = title;
            this.icon = icon;
        }
    }

    /** In pixels; where the bar is narrower, the places have no words. */
    private static final double NARROW = 880;

    private final TextField search = new TextField();
    private final MainViewModel model;
    private final MediaViewModel media;
    private final ObjectProperty<Place> place;

    /** @param last buttons at the right end */
    MainBar(
            MainViewModel model,
            MediaViewModel media,
            ObjectProperty<Place> place,
            Runnable newMachine,
            List<Node> last) {
        this.model = model;
        this.media = media;
        this.place = place;
        getStyleClass().add("toolbar");
        Button add = Controls.button("new", Icon.ADD, "New", newMachine);
        add.getStyleClass().add("accent");
        add.setTooltip(new Tooltip("New machine (Ctrl+N)"));
        search.setId("search");
        search.setMinWidth(80);
        search.setOnKeyPressed(event -> {
            if (event.getCode() == KeyCode.ESCAPE) {
                search.clear();
            }
        });
        place.subscribe((before, now) -> {
            search.textProperty().unbindBidirectional(model.searchProperty());
            search.textProperty().unbindBidirectional(media.searchProperty());
            follow(now);
        });
        follow(place.get());
        Label processor = figure(Icon.PROCESSOR, "What all of this computer's processors are doing");
        processor.textProperty().bind(model.hostProcessorProperty());
        Label memory = figure(Icon.MEMORY, "Memory of this computer that is in use");
        memory.textProperty().bind(model.hostMemoryProperty());
        getChildren().setAll(add, places(), search, Controls.gap(), processor, memory);
        getChildren().addAll(last);
        // Who has no machines has one thing to do first.
        Runnable arrange = () -> {
            boolean nothing = model.emptyProperty().get() && place.get() == Place.MACHINES;
            search.setVisible(!nothing);
            add.setVisible(!nothing);
            add.setManaged(!nothing);
        };
        model.emptyProperty().subscribe(arrange);
        place.subscribe(arrange);
        arrange.run();
    }

    private void follow(Place now) {
        boolean machines = now == Place.MACHINES;
        search.textProperty().bindBidirectional(machines ? model.searchProperty() : media.searchProperty());
        search.setPromptText(machines ? "Search (Ctrl+F)" : "Search files (Ctrl+F)");
        search.setAccessibleText(machines ? "Search machines" : "Search disks and CDs");
    }

    private HBox places() {
        HBox places = new HBox();
        places.getStyleClass().add("filters");
        places.setMinWidth(USE_PREF_SIZE);
        ToggleGroup group = new ToggleGroup();
        for (Place each : Place.values()) {
            ToggleButton button = new ToggleButton(each.title, each.icon.view());
            button.setId("place-" + each.name().toLowerCase(Locale.ROOT));
            button.setToggleGroup(group);
            button.getStyleClass().addAll("filter", each == Place.MACHINES ? "left-pill" : "right-pill");
            button.setMinWidth(USE_PREF_SIZE);
            button.setOnAction(event -> {
                button.setSelected(true);
                place.set(each);
            });
            place.subscribe(now -> button.setSelected(now == each));
            button.setAccessibleText(each.title);
            button.setTooltip(new Tooltip(each.title));
            widthProperty()
                    .subscribe(width -> button.setContentDisplay(
                            width.doubleValue() > 0 && width.doubleValue() < NARROW
                                    ? ContentDisplay.GRAPHIC_ONLY
                                    : ContentDisplay.LEFT));
            places.getChildren().add(button);
        }
        return places;
    }

    /** Puts the keyboard into the search. */
    void focusSearch() {
        search.requestFocus();
    }

    private static Label figure(Icon icon, String text) {
        Label label = new Label("", icon.view().styled("muted"));
        label.getStyleClass().add("host-figure");
        label.setTooltip(new Tooltip(text));
        label.setMinWidth(HBox.USE_PREF_SIZE);
        return label;
    }
}
