// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.config.GuestSystem;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.icons.Icon;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javafx.beans.value.ObservableValue;
import javafx.css.PseudoClass;
import javafx.geometry.VPos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TextField;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.stage.FileChooser;
import javafx.util.StringConverter;
import javafx.util.Subscription;

/** The whole configuration; memory, CD and boot order can be changed while the machine is off. */
final class DetailsTab extends VBox {
    private static final PseudoClass DANGER = PseudoClass.getPseudoClass("danger");

    private final MachineViewModel machine;
    private final DetailsViewModel model;
    private final VBox sections = new VBox();
    private final Label advice = Controls.wrapped("");
    private final HBox locked = new HBox(Icon.INFO.view().styled("accent"), advice);
    private final TextField memory = new TextField();
    private final TextField cd = new TextField();
    private final ComboBox<List<BootDevice>> bootOrder = new ComboBox<>();
    private Subscription subscription = Subscription.EMPTY;

    DetailsTab(MainViewModel main, MachineViewModel machine, Runnable delete) {
        this.machine = machine;
        model = new DetailsViewModel(
                main.host(),
                main.work().background(),
                main.work().window(),
                machine.configProperty().get());
        getStyleClass().add("details-tab");
        memory.setId("details-memory");
        memory.getStyleClass().add("number");
        memory.textProperty().bindBidirectional(model.memory);
        cd.setId("details-cd");
        cd.setPromptText("Empty");
        cd.textProperty().bindBidirectional(model.cd);
        HBox.setHgrow(cd, Priority.ALWAYS);
        bootOrder.setId("details-boot");
        bootOrder.setConverter(new Titles());
        bootOrder.valueProperty().bindBidirectional(model.bootOrder);

        locked.getStyleClass().add("advice");
        sections.getStyleClass().add("page-content");
        ScrollPane scroll = new ScrollPane(sections);
        scroll.setFitToWidth(true);
        scroll.getStyleClass().add("page-scroll");
        VBox.setVgrow(scroll, Priority.ALWAYS);
        getChildren().setAll(scroll, footer(delete));

        subscription = machine.configProperty()
                .subscribe(config -> {
                    model.setConfig(config);
                    fill(config);
                })
                .and(main.capabilitiesProperty()
                        .subscribe(computer -> computer.ifPresent(known -> model.setHostMemory(known.memoryBytes()))))
                .and(machine.locked().subscribe(fixed -> {
                    memory.setDisable(fixed);
                    cd.setDisable(fixed);
                    bootOrder.setDisable(fixed);
                    Controls.show(locked, fixed);
                }))
                .and(machine.stateProperty()
                        .subscribe(state -> advice.setText(
                                state == MachineState.SAVED
                                        ? "It is saved: let it go on and switch it off, or discard its saved state, to"
                                                + " change what it is made of"
                                        : "Switch the machine off to change what it is made of")));
    }

    private void fill(MachineConfig config) {
        List<List<BootDevice>> orders = new ArrayList<>(List.of(
                List.of(BootDevice.DISK, BootDevice.CDROM),
                List.of(BootDevice.CDROM, BootDevice.DISK),
                List.of(BootDevice.DISK),
                List.of(BootDevice.CDROM)));
        if (!orders.contains(config.bootOrder())) {
            orders.addFirst(config.bootOrder());
        }
        bootOrder.getItems().setAll(orders);
        bootOrder.setValue(model.bootOrder.get());

        Section general = new Section("Machine");
        general.text("Guest system", GuestSystem.of(config.operatingSystem()).title());
        general.text("Folder", machine.machine().folder().toString());
        general.text("ID", config.id().toString());
        Section hardware = new Section("Hardware");
        hardware.row("Memory", withMessage(unit(memory, "MiB"), memory, model.memoryProblem, null));
        hardware.text("vCPUs", Integer.toString(config.vcpus()));
        hardware.text("Processor model", Words.processorModel(config.cpu()));
        hardware.text("Accelerator", Words.accelerator(config.accelerator()));
        hardware.text("Network", Words.networks(config.networks()));
        Section drives = new Section("Drives");
        int number = 1;
        for (DriveConfig drive : config.disks()) {
            if (drive.kind() == DriveConfig.Kind.DISK) {
                drives.text("Disk " + number++, DetailsViewModel.describe(drive));
            }
        }
        drives.row("CD", withMessage(cdInput(), cd, model.cdProblem, model.cdTitle));
        drives.row("Boot order", bootOrder);
        sections.getChildren().setAll(locked, general, hardware, drives);
        Optional.ofNullable(config.kernel()).ifPresent(kernel -> {
            Section direct = new Section("Kernel, started directly");
            direct.text("Kernel", kernel.kernel());
            direct.text("Initial RAM disk", Optional.ofNullable(kernel.initrd()).orElse("None"));
            direct.text("Command line", kernel.commandLine().isEmpty() ? "Empty" : kernel.commandLine());
            sections.getChildren().add(direct);
        });
        if (config.debugConsole() != null || config.debugExitPort() != null) {
            Section debug = new Section("For people who write operating systems");
            Optional.ofNullable(config.debugConsole()).ifPresent(file -> debug.text("Port 0xE9 writes to", file));
            Optional.ofNullable(config.debugExitPort())
                    .ifPresent(port -> debug.text("Debug exit port", "0x" + Integer.toHexString(port)));
            sections.getChildren().add(debug);
        }
    }

    private HBox cdInput() {
        Button choose = new Button("Choose\u2026", Icon.FOLDER.view());
        choose.setMinWidth(USE_PREF_SIZE);
        choose.setOnAction(event -> chooseCd());
        Button eject = Controls.iconButton("eject", Icon.EJECT, "Eject", () -> model.cd.set(""));
        choose.disableProperty().bind(cd.disabledProperty());
        eject.disableProperty().bind(cd.disabledProperty().or(model.cd.isEmpty()));
        HBox input = new HBox(cd, choose, eject);
        input.getStyleClass().add("inputs");
        return input;
    }

    private void chooseCd() {
        FileChooser chooser = new FileChooser();
        chooser.setTitle("Insert a CD image");
        chooser.getExtensionFilters()
                .setAll(
                        new FileChooser.ExtensionFilter("CD images", "*.iso", "*.ISO"),
                        new FileChooser.ExtensionFilter("All files", "*"));
        File folder = new File(model.cd.get()).getParentFile();
        if (folder != null && folder.isDirectory()) {
            chooser.setInitialDirectory(folder);
        }
        File chosen = chooser.showOpenDialog(getScene().getWindow());
        if (chosen != null) {
            model.cd.set(chosen.getPath());
        }
    }

    private static HBox unit(TextField input, String unit) {
        HBox box = new HBox(input, Controls.label(unit, "muted-text"));
        box.getStyleClass().add("inputs");
        return box;
    }

    private static VBox withMessage(
            Node content,
            Node input,
            ObservableValue<String> problem,
            @org.jspecify.annotations.Nullable ObservableValue<String> hint) {
        Label wrong = Controls.wrapped("", "problem-text");
        wrong.textProperty().bind(problem);
        problem.subscribe(text -> {
            input.pseudoClassStateChanged(DANGER, !text.isEmpty());
            Controls.show(wrong, !text.isEmpty());
        });
        VBox box = new VBox(content, wrong);
        box.getStyleClass().add("input-with-message");
        if (hint != null) {
            Label about = Controls.wrapped("", "muted-text");
            about.textProperty().bind(hint);
            hint.subscribe(text -> Controls.show(about, !text.isEmpty()));
            problem.subscribe(text ->
                    Controls.show(about, text.isEmpty() && !about.getText().isEmpty()));
            box.getChildren().add(about);
        }
        return box;
    }

    private HBox footer(Runnable delete) {
        Button remove = Controls.button("details-delete", Icon.DELETE, "Delete machine\u2026", delete);
        remove.getStyleClass().addAll("button-outlined", "danger");
        remove.disableProperty().bind(machine.active());
        Button revert = new Button("Revert");
        revert.setId("details-revert");
        revert.setOnAction(event -> model.revert());
        Button apply = new Button("Apply");
        apply.setId("details-apply");
        apply.getStyleClass().add("accent");
        apply.setOnAction(event -> machine.reconfigure(model.changedConfig()));
        apply.disableProperty()
                .bind(model.canApply().not().or(machine.busyProperty()).or(machine.locked()));
        revert.disableProperty().bind(model.changed().not());
        HBox footer = new HBox(remove, Controls.gap(), revert, apply);
        footer.getStyleClass().add("page-footer");
        footer.getChildren().forEach(node -> {
            if (node instanceof Button button) {
                button.setMinWidth(USE_PREF_SIZE);
            }
        });
        return footer;
    }

    void dispose() {
        subscription.unsubscribe();
    }

    /** A titled group of rows. */
    private static final class Section extends VBox {
        private final GridPane grid = new GridPane();

        Section(String title) {
            getStyleClass().add("section");
            grid.getStyleClass().add("facts");
            ColumnConstraints names = new ColumnConstraints(130);
            ColumnConstraints values = new ColumnConstraints();
            values.setHgrow(Priority.ALWAYS);
            grid.getColumnConstraints().setAll(List.of(names, values));
            getChildren().setAll(Controls.label(title, "section-title"), grid);
        }

        void text(String name, String value) {
            add(Controls.label(name, "fact-name"), Controls.wrapped(value, "fact-value"));
        }

        /** A row with something to change in it. */
        void row(String name, Node value) {
            add(Controls.label(name, "fact-name", "beside-input"), value);
        }

        private void add(Label name, Node value) {
            name.setLabelFor(value);
            GridPane.setValignment(name, VPos.TOP);
            grid.addRow(grid.getRowCount(), name, value);
        }
    }

    private static final class Titles extends StringConverter<List<BootDevice>> {
        @Override
        public String toString(List<BootDevice> order) {
            return order == null ? "" : Words.bootOrder(order);
        }

        @Override
        public List<BootDevice> fromString(String text) {
            throw new UnsupportedOperationException("a closed list");
        }
    }
}
