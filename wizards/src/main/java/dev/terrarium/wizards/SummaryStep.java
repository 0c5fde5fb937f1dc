// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.HostCapabilities.AcceleratorReport;
import dev.terrarium.engine.config.CpuModel;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import javafx.beans.binding.Bindings;
import javafx.beans.property.Property;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.TitledPane;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;

/** Step 4: what will be made, and the few things that hardly anybody changes. */
final class SummaryStep extends VBox {
    SummaryStep(NewMachineViewModel model) {
        getStyleClass().add("step");
        GridPane facts = new GridPane();
        facts.setId("summary");
        facts.getStyleClass().add("facts");
        ColumnConstraints names = new ColumnConstraints();
        names.setMinWidth(USE_PREF_SIZE);
        ColumnConstraints values = new ColumnConstraints();
        values.setHgrow(Priority.ALWAYS);
        facts.getColumnConstraints().setAll(List.of(names, values));
        model.step.subscribe(step -> {
            if (step == NewMachineViewModel.Step.SUMMARY) {
                fill(facts, model.summary());
            }
        });

        CheckBox start = new CheckBox("Start the machine now");
        start.setId("start-now");
        start.selectedProperty().bindBidirectional(model.startNow);

        HBox choices = new HBox(
                new Field(
                                "Accelerator",
                                combo(
                                        "accelerator",
                                        List.of(Accelerator.values()),
                                        SummaryStep::title,
                                        model.accelerator))
                        .withHint(Bindings.createStringBinding(
                                () -> hint(model.accelerator.get(), model.facts.get()),
                                model.accelerator,
                                model.facts)),
                new Field(
                        "Processor model",
                        combo("cpu-model", List.of(CpuModel.values()), SummaryStep::title, model.cpu)),
                new Field(
                        "Network",
                        combo(
                                "network",
                                List.of(NetworkConfig.Kind.values()).reversed(),
                                Texts::network,
                                model.network)),
                new Field(
                                "Boot order",
                                combo(
                                        "boot-order",
                                        List.of(
                                                List.of(BootDevice.DISK, BootDevice.CDROM),
                                                List.of(BootDevice.CDROM, BootDevice.DISK)),
                                        SummaryStep::title,
                                        model.bootOrder))
                        .withHint(Bindings.createStringBinding(
                                () -> model.bootOrder.get().getFirst() == BootDevice.DISK
                                        ? "A disk with no system on it is passed over"
                                        : "The CD starts again after an installation",
                                model.bootOrder)));
        choices.getStyleClass().add("field-row");
        choices.getChildren().forEach(field -> HBox.setHgrow(field, Priority.ALWAYS));
        TitledPane customise = new TitledPane("Customise", choices);
        customise.setId("customise");
        customise.setExpanded(false);
        customise.setAnimated(false);
        getChildren().setAll(facts, start, customise);
    }

    private static void fill(GridPane grid, List<NewMachineViewModel.Fact> facts) {
        grid.getChildren().clear();
        for (int row = 0; row < facts.size(); row++) {
            Label name = new Label(facts.get(row).name());
            name.getStyleClass().add("fact-name");
            Label value = new Label(facts.get(row).value());
            value.getStyleClass().add("fact-value");
            value.setWrapText(true);
            grid.addRow(row, name, value);
        }
    }

    private static String title(Accelerator accelerator) {
        return switch (accelerator) {
            case AUTO -> "Automatic";
            case SOFTWARE -> "Software processor";
            case KVM -> "KVM";
        };
    }

    /** What the host says about an accelerator; about the automatic choice, what it comes to here. */
    private static String hint(Accelerator accelerator, Optional<HostFacts> facts) {
        List<AcceleratorReport> reports = facts.stream()
                .flatMap(known -> known.capabilities().accelerators().stream())
                .toList();
        if (accelerator != Accelerator.AUTO) {
            return reports.stream()
                    .filter(report -> report.name().equalsIgnoreCase(accelerator.name()))
                    .map(report -> Texts.sentence(report.verdict()))
                    .findFirst()
                    .orElse("");
        }
        return reports.stream()
                .findFirst()
                .map(best -> "The fastest that this computer offers: "
                        + (best.name().equals("kvm") ? "KVM" : "the software processor"))
                .orElse("The fastest that this computer offers");
    }

    private static String title(CpuModel cpu) {
        return cpu == CpuModel.BEST ? "Best" : cpu.id();
    }

    private static String title(List<BootDevice> order) {
        return order.getFirst() == BootDevice.CDROM ? "CD, then disk" : "Disk, then CD";
    }

    private static <T> ComboBox<T> combo(String id, List<T> items, Function<T, String> title, Property<T> value) {
        ComboBox<T> combo = new ComboBox<>();
        combo.setId(id);
        combo.getItems().setAll(items);
        combo.setConverter(new StringConverter<>() {
            @Override
            public String toString(T item) {
                return item == null ? "" : title.apply(item);
            }

            @Override
            public T fromString(String text) {
                throw new UnsupportedOperationException("a closed list");
            }
        });
        combo.valueProperty().bindBidirectional(value);
        combo.setMaxWidth(Double.MAX_VALUE);
        return combo;
    }
}
