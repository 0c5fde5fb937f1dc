// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.media.Medium;
import dev.terrarium.icons.Icon;
import dev.terrarium.wizards.DiskDialogs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import javafx.scene.control.Button;
import javafx.scene.control.ContextMenu;
import javafx.scene.control.Label;
import javafx.scene.control.MenuItem;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.VBox;

/** One image: what there is to say of it, and everything that can be done with it. */
final class MediumPane extends ScrollPane {
    /** What this pane asks the window to do. */
    interface Requests {
        void ask(Question question, Runnable confirmed);

        /** A new machine that starts from this CD or disk. */
        void newMachine(Path media);

        /** Opens the folder of a file in the desktop's file manager. */
        void showInFolder(Path file);
    }

    private final MediaViewModel model;
    private final Requests requests;
    private final Label name = Controls.wrapped("", "section-title");
    private final VBox facts = new VBox();
    private final Label locked = Controls.wrapped("", "muted-text");
    private final Label problem = Controls.wrapped("", "problem-text");
    private final List<Action> actions;
    private final VBox content = new VBox();
    private Optional<Medium> medium = Optional.empty();

    /** Something to do with the image; {@code needs} says whether it can be done with this one now. */
    private record Action(Button button, Predicate<Medium> offered, Predicate<Medium> possible) {}

    MediumPane(MediaViewModel model, Requests requests) {
        this.model = model;
        this.requests = requests;
        getStyleClass().addAll("page-scroll", "medium-pane");
        setFitToWidth(true);
        setHbarPolicy(ScrollBarPolicy.NEVER);
        Predicate<Medium> always = each -> true;
        Predicate<Medium> disk = each -> each.kind() == Medium.Kind.DISK;
        actions = List.of(
                action(
                        "medium-machine",
                        Icon.MACHINE,
                        "New machine\u2026",
                        this::newMachine,
                        each -> each.uses().isEmpty() || each.kind() == Medium.Kind.CD,
                        each -> each.problem().isEmpty()),
                action(
                        "medium-resize",
                        Icon.RESIZE,
                        "Resize\u2026",
                        this::resize,
                        disk.and(each -> List.of("raw", "qcow2").contains(each.format())),
                        each -> each.changeable() && each.size().isPresent()),
                action(
                        "medium-convert",
                        Icon.CONVERT,
                        "Convert\u2026",
                        this::convert,
                        disk,
                        each -> !each.busy() && each.problem().isEmpty()),
                action(
                        "medium-check",
                        Icon.CHECK,
                        "Check\u2026",
                        this::check,
                        disk.and(each -> !each.format().equals("raw")),
                        Medium::changeable),
                action("medium-copy", Icon.COPY, "Copy path", this::copyPath, always, always),
                action("medium-folder", Icon.FOLDER, "Show in folder", this::showInFolder, always, always),
                action("medium-delete", Icon.DELETE, "Delete\u2026", this::delete, always, each -> each.uses()
                        .isEmpty()));
        name.setId("medium-name");
        locked.setId("medium-locked");
        facts.getStyleClass().add("medium-facts");
        VBox buttons = new VBox();
        buttons.getStyleClass().add("medium-actions");
        actions.forEach(each -> buttons.getChildren().add(each.button()));
        content.getChildren().setAll(name, problem, locked, buttons, facts);
        content.getStyleClass().add("medium-content");
        setContent(content);
        setMedium(Optional.empty());
    }

    private Action action(
            String id, Icon icon, String text, Runnable run, Predicate<Medium> offered, Predicate<Medium> possible) {
        Button button = Controls.button(id, icon, text, run);
        button.getStyleClass().addAll("flat", "medium-action");
        button.setMaxWidth(Double.MAX_VALUE);
        if (icon == Icon.DELETE) {
            button.getStyleClass().add("danger");
        }
        return new Action(button, offered, possible);
    }

    Optional<Medium> medium() {
        return medium;
    }

    void setMedium(Optional<Medium> now) {
        medium = now;
        Controls.show(this, now.isPresent());
        now.ifPresent(this::show);
    }

    /** In what format, for a person. */
    static String format(Medium medium) {
        return medium.kind() == Medium.Kind.CD ? "ISO" : medium.format().isEmpty() ? "\u2013" : medium.format();
    }

    private void show(Medium shown) {
        name.setText(shown.name());
        problem.setText(Words.sentence(shown.problem().orElse("")));
        Controls.show(problem, shown.problem().isPresent());
        String why = MediaViewModel.whyLocked(shown);
        locked.setText(why);
        Controls.show(locked, !why.isEmpty());
        facts.getChildren().clear();
        if (!shown.title().isEmpty()) {
            fact("On it", shown.title());
        }
        fact("Format", format(shown));
        if (shown.size().isPresent() && shown.kind() == Medium.Kind.DISK) {
            fact("Size for the guest", Words.size(shown.size().getAsLong()));
        }
        fact("On this computer", shown.missing() ? "Missing" : Words.size(shown.hostBytes()));
        fact("Used by", shown.uses().isEmpty() ? "Nobody" : MediaViewModel.users(shown));
        shown.base().ifPresent(base -> fact("Stands on", base.toString()));
        if (shown.snapshots() > 0) {
            fact("Snapshots inside", Integer.toString(shown.snapshots()));
        }
        fact("Folder", String.valueOf(shown.path().getParent()));
        for (Action each : actions) {
            Controls.show(each.button(), each.offered().test(shown));
            each.button().setDisable(!each.possible().test(shown));
        }
    }

    private void fact(String title, String text) {
        VBox fact = new VBox(Controls.label(title, "tile-title"), Controls.wrapped(text));
        facts.getChildren().add(fact);
    }

    /** The same actions as a menu. */
    ContextMenu menu() {
        ContextMenu menu = new ContextMenu();
        menu.setOnShowing(event -> {
            List<MenuItem> items = new ArrayList<>();
            actions.stream().filter(each -> each.button().isManaged()).forEach(each -> {
                MenuItem item = new MenuItem(each.button().getText());
                item.setDisable(each.button().isDisabled());
                item.setOnAction(chosen -> each.button().fire());
                items.add(item);
            });
            menu.getItems().setAll(items);
        });
        // A menu without items does not open.
        menu.getItems().setAll(new MenuItem(""));
        return menu;
    }

    private void newMachine() {
        medium.ifPresent(shown -> requests.newMachine(shown.path()));
    }

    private void resize() {
        medium.ifPresent(shown -> DiskDialogs.resize(
                getScene().getWindow(), shown.path(), shown.size().orElse(0), size -> model.resize(shown, size)));
    }

    private void convert() {
        medium.ifPresent(shown ->
                DiskDialogs.convert(getScene().getWindow(), MediaViewModel.convertible(shown), model::convert));
    }

    private void check() {
        medium.ifPresent(shown -> model.check(shown, question -> requests.ask(question, () -> model.repair(shown))));
    }

    private void copyPath() {
        medium.ifPresent(shown -> {
            ClipboardContent text = new ClipboardContent();
            text.putString(shown.path().toString());
            Clipboard.getSystemClipboard().setContent(text);
        });
    }

    private void showInFolder() {
        medium.ifPresent(shown -> requests.showInFolder(shown.path()));
    }

    /** Asks, then deletes; nothing if somebody needs it. */
    void delete() {
        medium.filter(shown -> shown.uses().isEmpty())
                .ifPresent(shown -> requests.ask(MediaViewModel.deleteQuestion(shown), () -> model.delete(shown)));
    }
}
