// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.MediaInfo;
import dev.terrarium.engine.config.GuestSystem;
import dev.terrarium.engine.config.MachineRules;
import javafx.beans.property.StringProperty;
import javafx.scene.Node;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.layout.HBox;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;

/** Step 2: name, guest system, memory and processors. */
final class MachineStep extends VBox {
    MachineStep(NewMachineViewModel model) {
        getStyleClass().add("step");
        TextField name = new TextField();
        name.setId("name");
        name.textProperty().bindBidirectional(model.name);

        ComboBox<GuestSystem> system = new ComboBox<>();
        system.setId("system");
        system.getItems().setAll(GuestSystem.all());
        system.setConverter(new Titles());
        system.valueProperty().bindBidirectional(model.system);
        system.setMaxWidth(Double.MAX_VALUE);
        Field guest = new Field("Guest system", system).withHint(model.media.map(media -> media.filter(
                        info -> !info.operatingSystem().equals("other"))
                .map(MediaInfo::title)
                .map(title -> "Recognised from the media: " + title)
                .orElse("Decides what is proposed below")));

        HBox resources = new HBox(
                number("Memory", "memory", "MiB", model.memory)
                        .withProblem(model.memoryProblem)
                        .withHint(model.facts.map(facts -> facts.map(known -> memoryHint(known.capabilities()))
                                .orElse(""))),
                number("vCPUs", "vcpus", "", model.vcpus)
                        .withProblem(model.vcpusProblem)
                        .withHint(model.facts.map(facts -> facts.map(known -> processorHint(known.capabilities()))
                                .orElse(""))));
        resources.getStyleClass().add("field-row");
        getChildren().setAll(new Field("Name", name).withProblem(model.nameProblem), guest, resources);
    }

    private static String memoryHint(HostCapabilities host) {
        return "This computer has " + Texts.size(host.memoryBytes()) + ", " + Texts.size(host.availableMemoryBytes())
                + " of it free now";
    }

    private static String processorHint(HostCapabilities host) {
        return "This computer has " + host.processors() + "; a machine can have " + MachineRules.MAXIMUM_VCPUS;
    }

    /** A field for a whole number with its unit after it. */
    static Field number(String title, String id, String unit, StringProperty value) {
        TextField input = new TextField();
        input.setId(id);
        input.getStyleClass().add("number");
        input.textProperty().bindBidirectional(value);
        Node content = input;
        if (!unit.isEmpty()) {
            Label label = new Label(unit);
            label.getStyleClass().add("unit");
            HBox box = new HBox(input, label);
            box.getStyleClass().add("with-unit");
            content = box;
        }
        Field field = new Field(title, input, content);
        HBox.setHgrow(field, javafx.scene.layout.Priority.ALWAYS);
        field.setPrefWidth(100);
        return field;
    }

    private static final class Titles extends StringConverter<GuestSystem> {
        @Override
        public String toString(GuestSystem system) {
            return system == null ? "" : system.title();
        }

        @Override
        public GuestSystem fromString(String title) {
            return GuestSystem.all().stream()
                    .filter(system -> system.title().equals(title))
                    .findFirst()
                    .orElse(GuestSystem.OTHER);
        }
    }
}
